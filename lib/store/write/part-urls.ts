import { partLength } from '../../domain/part-plan.ts';
import type { Presign } from '../read/presigner.ts';

/** Seconds. A slow line needs that long for the parts of one answer; after it they are signed anew. */
const lifetime = 3_600;

export interface PartUrl {
  readonly partNumber: number;
  readonly url: string;
  /** To be sent exactly so: they are signed, and S3 checks the bytes against them. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface UploadToSign {
  readonly key: string;
  readonly uploadId: string;
  readonly size: number;
  /** Base64, one a part. */
  readonly partSha256s: readonly string[];
}

/** A URL for one part, bound to its length and its SHA-256. */
export async function signPart(presign: Presign, upload: UploadToSign, partNumber: number): Promise<PartUrl> {
  const headers = {
    'content-length': String(partLength(upload.size, partNumber)),
    'x-amz-checksum-sha256': upload.partSha256s[partNumber - 1] as string,
    // Ceph verifies a checksum header only beside this one.
    'x-amz-sdk-checksum-algorithm': 'SHA256',
  };
  const query = { partNumber: String(partNumber), uploadId: upload.uploadId };
  const url = await presign({ method: 'PUT', key: upload.key, expiresIn: lifetime, query, headers });
  return { partNumber, url, headers };
}
