import { accept } from './accept.ts';
import type { Setting } from './setting.ts';

const baseUrl: Setting<string | undefined> = {
  ...accept.httpsUrl(
    'an https:// URL of at most 255 characters without user, query and fragment, such as https://channels.example.org',
  ),
  fallback: undefined,
  standard: "`https://` and `domainName`, without one the API's own domain",
  about: 'an https URL, perhaps with a path, under which readers reach the API',
};

const limit = accept.wholeNumber('requests a second', 1, 10_000);
const burst = accept.wholeNumber('requests at once', 1, 5_000);

// A publish is about five requests, and a re-run of a whole CI matrix some dozens at once; a loop gone wild is thousands. They
// share the account's Lambda concurrency with the readers, which is why these routes have a limit.
const publishRateLimit: Setting<number> = {
  ...limit,
  fallback: 50,
  about: 'requests a second that each route under `/publish/` takes, 1 to 10000',
};

const publishBurstLimit: Setting<number> = {
  ...burst,
  fallback: 100,
  about: 'and how many at once, 1 to 5000',
};

// The gateway answers 429 beyond a limit, after which Nix waits a minute and more before it asks again.
const readRateLimit: Setting<number | undefined> = {
  ...limit,
  fallback: undefined,
  standard: 'off',
  about: 'the same for the routes that Nix reads; better left off, see below',
};

const readBurstLimit: Setting<number | undefined> = {
  ...burst,
  fallback: undefined,
  standard: 'off',
  about: 'together with `readRateLimit`',
};

export const apiSettings = { baseUrl, publishRateLimit, publishBurstLimit, readRateLimit, readBurstLimit };
