import { isObject } from '../../domain/names.ts';
import { accept, type Setting } from './setting.ts';

/** For so long S3 refuses to delete a version, or to shorten its retention. */
interface ObjectLock {
  readonly mode: 'governance' | 'compliance';
  readonly days: number;
}

/** Where releases move when they are so many days old, and are still read at once. */
export interface ReleaseTransition {
  readonly storageClass: 'STANDARD_IA' | 'GLACIER_IR';
  readonly days: number;
}

/** A hundred years: the most that Object Lock takes. */
const mostDays = 36_500;

function object(value: unknown, keys: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  if (!isObject(value)) return undefined;
  const given = Object.keys(value);
  if (given.length !== keys.length || !given.every((key) => keys.includes(key))) return undefined;
  return value;
}

const daysFrom = (least: number, value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= mostDays ? value : undefined;

function parseObjectLock(value: unknown): ObjectLock | undefined {
  const given = object(value, ['mode', 'days']);
  const mode = (['governance', 'compliance'] as const).find((one) => one === given?.mode);
  const days = daysFrom(1, given?.days);
  return mode === undefined || days === undefined ? undefined : { mode, days };
}

/** S3 moves nothing to Standard-IA before it is 30 days old. */
function parseTransition(value: unknown): ReleaseTransition | undefined {
  const given = object(value, ['storageClass', 'days']);
  const storageClass = (['STANDARD_IA', 'GLACIER_IR'] as const).find((one) => one === given?.storageClass);
  const days = daysFrom(30, given?.days);
  return storageClass === undefined || days === undefined ? undefined : { storageClass, days };
}

// No dots: they break TLS by the bucket's own host name. The rest is the S3 user guide's "Bucket naming rules".
const existingBucketName: Setting<string | undefined> = {
  ...accept.matching(
    /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*(?:-s3alias|--ol-s3|--x-s3|--table-s3)$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
    'the name of a bucket of this account and region: 3–63 lower-case letters, digits and hyphens',
  ),
  fallback: undefined,
  standard: 'one is made',
  about: 'a bucket of the account to use instead; you then set its policy and lifecycle yourself, see below',
};

const removalPolicy: Setting<'retain' | 'destroy'> = {
  ...accept.oneOf('retain', 'destroy'),
  fallback: 'retain',
  about: '`destroy`: the bucket goes with the stack if it is empty; never what is in it',
};

// With its path, where it has one: roles of IAM Identity Center do. No wildcards: the policy compares with ArnNotLike.
const breakGlassRoleName: Setting<string> = {
  ...accept.matching(
    /^(?:[\w+=,.@-]{1,128}\/){0,8}[\w+=,.@-]{1,64}$/,
    'the name of a role in this account, with its path if it has one',
  ),
  fallback: 'nix-channel-break-glass',
  about: 'the one role of this account that may delete objects; it need not exist',
};

const objectLock: Setting<ObjectLock | undefined> = {
  ...accept.nested(
    '{"mode": "governance" or "compliance", "days": 1 to 36500}, as JSON text or as an object',
    parseObjectLock,
  ),
  fallback: undefined,
  about:
    '`{"mode":"governance","days":30}`: nobody deletes a version before; `compliance`: not even the account itself',
};

const releaseTransition: Setting<ReleaseTransition | undefined> = {
  ...accept.nested(
    '{"storageClass": "STANDARD_IA" or "GLACIER_IR", "days": 30 to 36500}, as JSON text or as an object; from the other Glacier classes S3 answers 403 until an object is restored',
    parseTransition,
  ),
  fallback: undefined,
  about:
    '`{"storageClass":"STANDARD_IA","days":90}`, or `GLACIER_IR`: the storage class that releases move to at that age',
};

export const bucketSettings = {
  existingBucketName,
  removalPolicy,
  breakGlassRoleName,
  objectLock,
  releaseTransition,
};
