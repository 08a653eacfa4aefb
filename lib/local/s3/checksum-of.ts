import { type ChecksumName, checksum } from './checksum.ts';

/** The checksum of a sequence of bytes, in base64. */
export async function checksumOf(
  algorithm: ChecksumName,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<string> {
  const running = checksum[algorithm].start();
  for await (const chunk of chunks) running.update(chunk);
  return Buffer.from(await running.digest()).toString('base64');
}
