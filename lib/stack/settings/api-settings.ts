import { partitionIds } from '../../domain/aws.ts';
import { accept, type Setting } from './setting.ts';

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

const labels = String.raw`(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?`;
const dnsName = new RegExp(`^(?=.{1,253}$)${labels}$`);

const domainName: Setting<string | undefined> = {
  ...accept.matching(dnsName, 'a domain name in lower case without a dot at its end, such as nix.example.org'),
  fallback: undefined,
  about: 'the domain of the API, such as `nix.example.org`, with a hosted zone or a certificate',
};

const hostedZoneId: Setting<string | undefined> = {
  ...accept.matching(/^Z[A-Z0-9]{1,31}$/, 'the id of a public hosted zone in Route 53, such as Z0123456789ABCDEFGHIJ'),
  fallback: undefined,
  about: 'the zone in Route 53 for its A and AAAA records and the proof of its certificate',
};

const hostedZoneName: Setting<string | undefined> = {
  ...accept.matching(dnsName, "that zone's domain name in lower case, such as example.org"),
  fallback: undefined,
  about: "that zone's name, such as `example.org`; nothing is looked up while synthesizing",
};

const certificateArn: Setting<string | undefined> = {
  ...accept.matching(
    new RegExp(String.raw`^arn:${partitionIds}:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+$`),
    "the ARN of a certificate in ACM, in the API's own region: arn:aws:acm:REGION:ACCOUNT:certificate/ID",
  ),
  fallback: undefined,
  standard: 'one is made, by the zone',
  about: "a certificate of ACM in the API's region; without a zone it is needed, and DNS is yours",
};

export const domainSettings = { domainName, hostedZoneId, hostedZoneName, certificateArn };
