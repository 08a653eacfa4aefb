import type { NamedPart } from './parse-completion.ts';
import { S3Error } from './s3-error.ts';
import type { PartRecord, UploadRecord } from './store/records.ts';

const smallestPart = 5 * 1024 * 1024;

/** The stored parts that a completion names, or the refusal that S3 has for naming them wrong. */
export function chooseParts(
  named: readonly NamedPart[],
  stored: readonly PartRecord[],
  { checksum, uploadId }: UploadRecord,
): readonly PartRecord[] {
  const byNumber = new Map(stored.map((part) => [part.partNumber, part]));
  const parts = named.map((name, index) => {
    const before = named[index - 1];
    if (before && before.partNumber >= name.partNumber)
      throw new S3Error('InvalidPartOrder', undefined, { details: { UploadId: uploadId } });
    const part = byNumber.get(name.partNumber);
    const details = { UploadId: uploadId, PartNumber: name.partNumber, ETag: name.etag };
    if (!part || part.etag !== name.etag) throw new S3Error('InvalidPart', undefined, { details });
    const element = `Checksum${checksum?.algorithm}`;
    if (checksum?.type === 'COMPOSITE' && name.checksums[element] === undefined) {
      throw new S3Error(
        'InvalidRequest',
        `The upload was created using a ${checksum.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${name.partNumber} in the request.`,
      );
    }
    const wrong = Object.entries(name.checksums).some(([tag, value]) => tag !== element || value !== part.checksum);
    if (wrong) throw new S3Error('InvalidPart', undefined, { details });
    return part;
  });
  const small = parts.slice(0, -1).find(({ blob }) => blob.size < smallestPart);
  if (!small) return parts;
  throw new S3Error('EntityTooSmall', undefined, {
    details: { PartNumber: small.partNumber, ProposedSize: small.blob.size, MinSizeAllowed: smallestPart },
  });
}
