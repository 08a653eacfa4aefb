import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

export interface Condition {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
}

export interface Outcome {
  readonly status: number;
  readonly etag: string | undefined;
  /** What the store says of a refusal. */
  readonly reason?: string;
}

/** What is tried in the bucket; each gives the status that the store answered, whatever it is. */
export interface ScratchBucket {
  readonly put: (name: string, body: string, condition?: Condition) => Promise<Outcome>;
  /** An upload of one part; the outcome is that of its completion. */
  readonly upload: (name: string, body: string, condition?: Condition) => Promise<Outcome>;
  readonly copy: (from: string, to: string, condition?: Condition) => Promise<Outcome>;
  readonly remove: (name: string) => Promise<Outcome>;
}

interface Answered {
  readonly $metadata: { readonly httpStatusCode?: number };
  readonly ETag?: string | undefined;
}

async function outcomeOf(sent: Promise<Answered>): Promise<Outcome> {
  try {
    const { $metadata, ETag } = await sent;
    return { status: $metadata.httpStatusCode ?? 0, etag: ETag };
  } catch (error) {
    const status = (error as Partial<Answered>).$metadata?.httpStatusCode;
    if (status === undefined) throw error;
    return { status, etag: undefined, reason: (error as Error).message };
  }
}

/** Keys begin with `prefix`, below which the bucket's lifecycle removes what nobody else may delete. */
export function scratchBucket(
  client: S3Client,
  bucket: string,
  { prefix, onAws }: { readonly prefix: string; readonly onAws: boolean },
): ScratchBucket {
  const at = (name: string) => ({ Bucket: bucket, Key: prefix + name });
  // Under Object Lock S3 takes nothing without a checksum; not every other store takes one with a part.
  const checked = onAws ? ({ ChecksumAlgorithm: 'SHA256' } as const) : {};
  return {
    put: (name, Body, condition = {}) =>
      outcomeOf(client.send(new PutObjectCommand({ ...at(name), Body, ...checked, ...condition }))),
    async upload(name, Body, condition = {}) {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...at(name), ...checked }));
      const part = { ...at(name), UploadId, PartNumber: 1, Body, ...checked };
      const { ETag, ChecksumSHA256 } = await client.send(new UploadPartCommand(part));
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumSHA256 }] };
      return outcomeOf(
        client.send(new CompleteMultipartUploadCommand({ ...at(name), UploadId, MultipartUpload, ...condition })),
      );
    },
    copy: (from, to, condition = {}) =>
      outcomeOf(
        client.send(new CopyObjectCommand({ ...at(to), CopySource: `${bucket}/${prefix}${from}`, ...condition })),
      ),
    remove: (name) => outcomeOf(client.send(new DeleteObjectCommand(at(name)))),
  };
}
