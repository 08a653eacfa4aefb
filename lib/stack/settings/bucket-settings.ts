import * as z from 'zod';
import { httpsOrigin, jsonOrText, matching, oneOf, wholeNumber } from '../../../lambda/http/setting-kinds.ts';
import { parseSecretArn } from '../../domain/aws.ts';
import { conditionalWrites, defaultRetiredDays, maxRetiredDays, partChecksums } from '../../domain/store.ts';
import { pathStyles } from '../../store/read/bucket-location.ts';
import { principalArn } from './publisher-settings.ts';

/** A hundred years: the maximum of Object Lock. */
const maxDays = 36_500;

/** S3 refuses to delete a version, or to shorten its retention, until it is so many days old. */
const objectLock = z.strictObject({
  mode: z.enum(['governance', 'compliance']),
  days: z.int().min(1).max(maxDays),
});

/** S3 moves nothing to Standard-IA before it is 30 days old. */
const releaseTransition = z.strictObject({
  storageClass: z.enum(['STANDARD_IA', 'GLACIER_IR']),
  days: z.int().min(30).max(maxDays),
});

/** Where releases move when they are so many days old; they can still be read at once. */
export type ReleaseTransition = z.infer<typeof releaseTransition>;

export const bucketSettings = {
  // No dots: they break TLS by the bucket's own host name. The rest is the S3 user guide's "Bucket naming rules".
  existingBucketName: matching(
    /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*(?:-s3alias|--ol-s3|--x-s3|--table-s3)$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
    'the name of a bucket of this account and region: 3–63 lower-case letters, digits and hyphens',
  )
    .optional()
    .meta({
      description:
        'a bucket of the account to use instead; you then set [its policy and lifecycle](#an-existing-bucket) yourself',
      shownDefault: 'a bucket is created',
    }),
  removalPolicy: oneOf(['retain', 'destroy']).default('retain').meta({
    description: '`destroy`: the bucket is deleted with the stack if it is empty; its contents are never deleted',
  }),
  // With its path, where it has one: roles of IAM Identity Center do. No wildcards: the policy compares with ArnNotLike.
  breakGlassRoleName: matching(
    /^(?:[\w+=,.@-]{1,128}\/){0,8}[\w+=,.@-]{1,64}$/,
    'the name of a role in this account, with its path if it has one',
  )
    .default('nix-channel-break-glass')
    .meta({ description: 'the role of this account that may delete every object; it does not have to exist' }),
  retiredDays: wholeNumber(1, maxRetiredDays, 'days').default(defaultRetiredDays).meta({
    description: 'how long a [retired release](retire.md) can be taken back before it is deleted',
  }),
  takedownRoleName: matching(/^[\w+=,.@-]{1,64}$/, 'a name for a role: 1–64 letters, digits and _ + = , . @ -')
    .optional()
    .meta({
      description:
        'the name of a role that is created for [takedowns](retire.md#the-role-for-takedowns), which may delete releases at once; a second stack in the account needs another name',
      shownDefault: 'no role is created',
    }),
  takedownPrincipals: jsonOrText(z.array(z.string().regex(principalArn)).min(1))
    .default([])
    .meta({
      accepted:
        'ARNs of roles or users, without wildcards, such as arn:aws:iam::123456789012:role/security, as JSON text or as a list',
      description: 'who may assume that role',
      shownDefault: "whoever the account's administrators allow to",
    }),
  bucketObjectLock: oneOf(['disabled', 'enabled']).default('disabled').meta({
    description: '`enabled`: the bucket is created with [Object Lock](#object-lock); only before the first deployment',
  }),
  objectLock: jsonOrText(objectLock)
    .meta({ accepted: '{"mode": "governance" or "compliance", "days": 1 to 36500}, as JSON text or as an object' })
    .optional()
    .meta({
      description:
        'versions cannot be deleted before they are that old; with `compliance` not even by the account itself. Needs `bucketObjectLock`',
    }),
  releaseTransition: jsonOrText(releaseTransition)
    .meta({
      accepted:
        '{"storageClass": "STANDARD_IA" or "GLACIER_IR", "days": 30 to 36500}, as JSON text or as an object; from the other Glacier classes S3 answers 403 until an object is restored',
    })
    .optional()
    .meta({
      description: 'the [storage class](#releasetransition) that releases move to at that age',
    }),
};

/** Of a bucket that is not on AWS, except for `s3Endpoint`. */
export const storeSettings = {
  // Readers are sent to presigned URLs at this endpoint.
  s3Endpoint: httpsOrigin(
    'an https:// origin without a path, such as https://s3.dualstack.eu-central-1.amazonaws.com; http:// is refused',
  )
    .optional()
    .meta({
      description:
        'an https origin of S3, such as a dual-stack one; with `credentialsSecretArn`, the origin of another store',
      shownDefault: "Amazon's for the region",
    }),
  credentialsSecretArn: z
    .string()
    .transform((text) => parseSecretArn(text)?.arn)
    .pipe(z.string())
    .meta({
      accepted:
        'the complete ARN of a secret of Secrets Manager, with the six characters at its end, such as arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123',
    })
    .optional()
    .meta({
      description: 'the secret with the keys of a bucket that is not on AWS: [storage.md](storage.md)',
      shownDefault: 'the bucket is on AWS',
    }),
  bucketName: matching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, '3–63 lower-case letters, digits, hyphens and dots')
    .optional()
    .meta({ description: 'the name of that bucket, which must exist' }),
  s3Region: matching(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, such as fsn1 or auto')
    .default('us-east-1')
    .meta({ description: "that bucket's region, as its store names it" }),
  s3PathStyle: oneOf(pathStyles).optional().meta({
    description: '`virtual`: the bucket is part of the host name',
    shownDefault: '`path` with `s3Endpoint`',
  }),
  conditionalWrites: oneOf(conditionalWrites).default('required').meta({
    description:
      '`serialised`: for a store that does not support conditional writes; publish requests run [one at a time](#serialised)',
  }),
  partChecksum: oneOf(partChecksums).default('sha256').meta({
    description: '`md5`: for a store that does not accept the SHA-256 of a part of an upload, such as Cloudflare R2',
  }),
};
