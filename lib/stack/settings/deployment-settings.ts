import * as z from 'zod';
import { arn, httpsUrl, jsonOrText, matching, wholeNumber } from '../../../lambda/http/setting-kinds.ts';

/** A resource may have 50, including those that CloudFormation and the CDK add. */
const maxTags = 40;

// AWS general reference, "Tagging": letters, digits and spaces of UTF-8, and these signs, whatever the service.
const tagKey = /^(?!aws:| *$)[\p{L} \p{N}_.:/=+\-@]{1,128}$/iu;
const tagValue = /^[\p{L} \p{N}_.:/=+\-@]{0,256}$/u;

type Pair = readonly [key: string, value: unknown];

const pairsOfText = (text: string): readonly Pair[] =>
  text.split(',').map((part) => {
    const at = part.indexOf('=');
    return [part.slice(0, Math.max(at, 0)).trim(), part.slice(at + 1).trim()];
  });

const textPairs = z.string().regex(/^[^{]/).transform(pairsOfText);
const objectPairs = jsonOrText(z.record(z.string(), z.unknown())).transform((tags): readonly Pair[] =>
  Object.entries(tags),
);

const tags = z
  .union([textPairs, objectPairs])
  .pipe(z.array(z.tuple([z.string().regex(tagKey), z.string().regex(tagValue)])).max(maxTags))
  // IAM takes Team and team for the same key (IAM user guide, "Tags for IAM resources").
  .refine((pairs) => new Set(pairs.map(([key]) => key.toLowerCase())).size === pairs.length)
  .transform((pairs): Readonly<Record<string, string>> => Object.fromEntries(pairs))
  .meta({
    accepted: `at most ${maxTags} tags as an object of strings or as KEY=VALUE,KEY=VALUE; keys have 1–128 and values at most 256 letters, digits, spaces and _ . : / = + - @, no key begins with "aws:", and no two keys differ only in case`,
  });

export const deploymentSettings = {
  stackName: matching(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, '1–128 letters, digits and hyphens that begin with a letter')
    .default('NixChannelStack')
    .meta({ description: 'the name of the stack; a second stack in the account needs another name' }),
  tags: tags.default({}).meta({
    description: 'set on every resource that can have tags, such as `team=nix,env=prod`',
    shownDefault: 'none',
  }),
};

const labels = String.raw`(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?`;
export const dnsName = new RegExp(`^(?=.{1,253}$)${labels}$`);

/** Characters. ACM: the first name of a certificate is its common name, which RFC 5280 limits to 64 octets. */
export const maxCommonNameLength = 64;

export const inZone = (domain: string, zone: string): boolean => domain === zone || domain.endsWith(`.${zone}`);

export const domainSettings = {
  domainName: matching(dnsName, 'a domain name in lower case without a final dot, such as nix.example.org')
    .optional()
    .meta({ description: 'the domain of the API; needs a hosted zone or a certificate' }),
  hostedZoneId: matching(
    /^Z[A-Z0-9]{1,31}$/,
    'the id of a public hosted zone in Route 53, such as Z0123456789ABCDEFGHIJ',
  )
    .optional()
    .meta({
      description:
        'the Route 53 zone for A and AAAA records of `domainName` and `deliveryDomainName`, and for the validation of their certificates',
    }),
  hostedZoneName: matching(dnsName, "that zone's domain name in lower case, such as example.org")
    .optional()
    .meta({ description: 'the name of that zone, which `cdk synth` does not look up' }),
  certificateArn: arn(
    'acm',
    String.raw`[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+`,
    "the ARN of a certificate in ACM, in the API's own region: arn:aws:acm:REGION:ACCOUNT:certificate/ID",
  )
    .optional()
    .meta({
      description: "an ACM certificate in the API's region; required without a zone, where you keep the DNS yourself",
      shownDefault: 'created with the zone',
    }),
  baseUrl: httpsUrl(
    'an https:// URL of at most 255 characters without user, query and fragment, such as https://channels.example.org',
  )
    .optional()
    .meta({
      description: 'the https URL, with or without a path, at which readers reach the API: [a proxy](#baseurl-a-proxy)',
      shownDefault: "`https://` and `domainName`; without one, the API's own domain",
    }),
};

const rate = wholeNumber(1, 10_000, 'requests per second');
const burst = wholeNumber(1, 5_000, 'requests at once');

// A publish is about five requests, and a re-run of a whole CI matrix some dozens at once; a faulty loop sends thousands. They
// share the account's Lambda concurrency with the readers, which is why these routes have a limit.
export const limitSettings = {
  publishRateLimit: rate.default(50).meta({
    description: 'requests per second that each route under `/publish/` accepts',
  }),
  publishBurstLimit: burst.default(100).meta({ description: 'how many of them at once' }),
  readRateLimit: rate.optional().meta({
    description: 'the same for the routes that Nix reads; [leave it off](#limits-for-reading)',
    shownDefault: 'off',
  }),
  readBurstLimit: burst.optional().meta({ description: 'together with `readRateLimit`', shownDefault: 'off' }),
};
