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
  /** The same in MD5, where the store checks parts by it instead. */
  readonly partMd5s?: readonly string[];
}

function checksumHeaders({ partSha256s, partMd5s }: UploadToSign, index: number): Readonly<Record<string, string>> {
  if (partMd5s !== undefined) return { 'content-md5': partMd5s[index] as string };
  // Ceph verifies a checksum header only beside the other one.
  return { 'x-amz-checksum-sha256': partSha256s[index] as string, 'x-amz-sdk-checksum-algorithm': 'SHA256' };
}

/** A URL for one part, bound to its length and its checksum. */
export async function signPart(presign: Presign, upload: UploadToSign, partNumber: number): Promise<PartUrl> {
  const headers = {
    'content-length': String(partLength(upload.size, partNumber)),
    ...checksumHeaders(upload, partNumber - 1),
  };
  const query = { partNumber: String(partNumber), uploadId: upload.uploadId };
  const url = await presign({ method: 'PUT', key: upload.key, expiresIn: lifetime, query, headers });
  return { partNumber, url, headers };
}
