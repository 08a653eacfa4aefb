import { longestPresignedLifetime } from '../../store/read/presigned-lifetime.ts';
import { accept } from './accept.ts';
import type { Setting } from './setting.ts';

const channelMaxAgeSeconds: Setting<number> = {
  ...accept.wholeNumber('seconds', 0, 3600),
  fallback: 30,
  about: '0 to 3600: how long a published release may stay unseen',
};

const presignLifetimeSeconds: Setting<number> = {
  ...accept.wholeNumber('seconds', 60, longestPresignedLifetime),
  fallback: longestPresignedLifetime,
  about: '60 to 900: how long the bucket URL that a reader is sent to can start a download',
};

const memory = accept.wholeNumber('megabytes', 128, 10_240);

// The start is the costly part, and it runs on a full vCPU whatever the size. Afterwards a request is some 60 µs of CPU and a
// wait for S3, for which a seventh of a vCPU (1769 MB make one: Lambda developer guide, "Configure Lambda function memory")
// is enough. Node and this bundle stay below 100 MB; what is kept is bounded.
const serveMemoryMegabytes: Setting<number> = {
  ...memory,
  fallback: 256,
  about: 'of the function that answers Nix, 128 to 10240',
};

// 500 part URLs are signed in one request: about 0.1 s on a full vCPU, 0.4 s here.
const publishMemoryMegabytes: Setting<number> = {
  ...memory,
  fallback: 512,
  about: 'of the one that takes publish operations',
};

const serveReservedConcurrency: Setting<number | undefined> = {
  ...accept.wholeNumber('function instances', 1, 10_000),
  fallback: undefined,
  about:
    "how many of the account's concurrent executions are kept for readers, who get no more; a new account has none to spare",
};

export const functionSettings = {
  channelMaxAgeSeconds,
  presignLifetimeSeconds,
  serveMemoryMegabytes,
  publishMemoryMegabytes,
  serveReservedConcurrency,
};
