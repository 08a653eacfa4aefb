/** What the bucket's store can do, and what is uploaded to it. Stores other than Amazon S3 differ: docs/storage.md. */

/** `required`: the store must honour conditional writes. `serialised`: it does not, so a single writer compares before it writes. */
export const conditionalWrites = ['required', 'serialised'] as const;
export type ConditionalWrites = (typeof conditionalWrites)[number];

/** Which checksum the store verifies the parts of an upload by. Cloudflare R2 accepts no SHA-256 of a part. */
export const partChecksums = ['sha256', 'md5'] as const;
export type PartChecksum = (typeof partChecksums)[number];

/** What is kept of open uploads has this prefix. The bucket's lifecycle empties it, and no reader can reach it. */
export const uploadsPrefix = 'uploads/';

/** The tag of each release on AWS. */
export const releaseTag = { key: 'kind', value: 'release' } as const;

/** It replaces `releaseTag` when the grace time of a retired release is over. A lifecycle rule deletes what has it. */
export const retiredTag = { key: 'kind', value: 'retired' } as const;

/** How long a retirement can be undone. Ten years are enough for any audit. */
export const defaultRetiredDays = 30;
export const maxRetiredDays = 3_650;
