import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { partLength, planParts } from '../domain/part-plan.ts';

async function md5Of(path: string, range: { readonly start?: number; readonly end?: number } = {}): Promise<Buffer> {
  const hash = createHash('md5');
  for await (const chunk of createReadStream(path, range)) hash.update(chunk as Buffer);
  return hash.digest();
}

/** Hexadecimal. */
export const md5OfFile = async (path: string): Promise<string> => (await md5Of(path)).toString('hex');

/** Base64, one a part. */
export async function md5sOfParts(path: string, size: number): Promise<string[]> {
  const { partSize, count } = planParts(size);
  const md5s: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = index * partSize;
    md5s.push((await md5Of(path, { start, end: start + partLength(size, index + 1) - 1 })).toString('base64'));
  }
  return md5s;
}
