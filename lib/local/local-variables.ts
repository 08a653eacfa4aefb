import * as z from 'zod';
import { jwtShape } from '../../lambda/auth/parse-jwt-settings.ts';
import { httpUrl, oneOf, settingRows, trackedChannels, wholeNumber } from '../../lambda/http/setting-kinds.ts';
import { minPresignLifetimeSeconds } from '../../lambda/http/settings.ts';
import { conditionalWrites, defaultRetiredDays, maxRetiredDays, partChecksums } from '../domain/store.ts';
import { pathStyles } from '../store/read/bucket-location.ts';
import { maxPresignedLifetimeSeconds } from '../store/read/presign.ts';

const deliveries = ['bucket', 'cloudfront'] as const;

/** The variables of `npm start` and of nix-channel-local, in the order of docs/settings.md. */
export const localShape = {
  PORT: wholeNumber(0, 65_535).default(8080).meta({ description: 'the port of the API' }),
  S3_PORT: wholeNumber(0, 65_535).default(9000).meta({ description: 'the port of the bucket' }),
  DELIVERY: oneOf(deliveries).default('bucket').meta({
    description:
      '`cloudfront`: downloads come from [a stand-in for CloudFront](delivery.md#try-it-locally), by signed URLs',
  }),
  EDGE_PORT: wholeNumber(0, 65_535).default(9080).meta({ description: 'the port of that stand-in' }),
  DATA_DIR: z.string().default('.local').meta({
    shownDefault: '`.local`; from the npm package `nix-channel-local`',
    description:
      'the [directory of the bucket](storage.md#the-directory-of-npm-start): new, empty, or from an earlier start; it gets mode 0700',
    shownAccepted: 'the path of a directory',
  }),
  BASE_URL: httpUrl().optional().meta({
    description: 'the start of the URLs that are handed out',
    shownDefault: '`http://127.0.0.1:$PORT`',
  }),
  S3_BUCKET: z.string().default('nix-channels').meta({
    description: 'the name of the bucket; created if missing',
    shownAccepted: 'a name that the store accepts',
  }),
  CHANNEL_MAX_AGE_SECONDS: wholeNumber(0, 999_999, 'seconds').optional().meta({
    description: 'how old an answer may be',
    shownDefault: '0; 30 with `S3_ENDPOINT`',
  }),
  METRIC_CHANNELS: trackedChannels().default([]).meta({
    description: 'channels that have metrics of their own',
    shownDefault: 'none',
  }),
  PRESIGN_LIFETIME_SECONDS: wholeNumber(minPresignLifetimeSeconds, maxPresignedLifetimeSeconds, 'seconds')
    .default(maxPresignedLifetimeSeconds)
    .meta({ description: 'how long a presigned or signed URL can start a download' }),
  RETIRED_DAYS: wholeNumber(1, maxRetiredDays, 'days').default(defaultRetiredDays).meta({
    description: 'how long a [retired release](retire.md) can be taken back before it is deleted',
  }),
  DEMO: oneOf(['0', '1']).optional().meta({
    description: '`1`: a bucket without `channels.json` gets the demo channel',
    shownDefault: '1; 0 with `S3_ENDPOINT`',
  }),
  LOG: oneOf(['text', 'json']).optional().meta({
    description: '`text`: a line for people for each request; `json`: log lines and metrics as on AWS',
    shownDefault: '`text` on a terminal, otherwise `json`',
  }),
  S3_ENDPOINT: httpUrl().optional().meta({
    description:
      'a real S3 server instead; its keys are found as by the AWS SDK (`AWS_*`, a profile, a role): [storage.md](storage.md#try-it)',
  }),
  PUBLISHER_ACCESS_KEY_ID: z
    .string()
    .regex(/^[\w.-]{1,128}$/, 'must be 1 to 128 letters, digits and . _ - where PUBLISHER_SECRET_ACCESS_KEY is set')
    .optional()
    .meta({
      description:
        'the id of the key that publishes; a key of your own can also publish [through a proxy](storage.md#who-may-publish-to-npm-start)',
      shownDefault: '`local`; generated with `S3_ENDPOINT`',
      shownAccepted: '1 to 128 letters, digits and . _ -',
    }),
  // No `accepted`: the message would quote the secret.
  PUBLISHER_SECRET_ACCESS_KEY: z
    .string()
    .regex(/^[\x21-\x7e]{16,}$/, 'must have at least 16 characters and no spaces where PUBLISHER_ACCESS_KEY_ID is set')
    .optional()
    .meta({
      description: 'its secret',
      shownDefault: '`local`; generated with `S3_ENDPOINT`',
      shownAccepted: 'at least 16 characters of ASCII without spaces',
    }),
  S3_REGION: z.string().optional().meta({
    description: 'the region of that server',
    shownDefault: '`AWS_REGION`, or `us-east-1`',
    shownAccepted: 'a name that the server accepts',
  }),
  S3_PATH_STYLE: oneOf(pathStyles).optional().meta({
    description: '`virtual`: the bucket is part of the host name',
    shownDefault: '`path`',
  }),
  CONDITIONAL_WRITES: oneOf(conditionalWrites).default('required').meta({
    description: '`serialised`: for a server that does not support conditional writes',
  }),
  PART_CHECKSUM: oneOf(partChecksums).default('sha256').meta({
    description: '`md5`: for a server that does not accept the SHA-256 of a part',
  }),
};

export type Variables = z.infer<z.ZodObject<typeof localShape>>;

/** `publicKeyFiles` is `JWT_PUBLIC_KEY_FILES`. */
export const variableOf = (name: string): string =>
  `JWT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

/** The table of docs/settings.md. */
export const localRows = (): readonly string[] => [
  ...settingRows(localShape),
  ...settingRows(Object.fromEntries(Object.entries(jwtShape).map(([name, schema]) => [variableOf(name), schema]))).map(
    (row) =>
      row.replace(/\bjwt([A-Z]\w*)/g, (_, name: string) => variableOf(name.charAt(0).toLowerCase() + name.slice(1))),
  ),
];
