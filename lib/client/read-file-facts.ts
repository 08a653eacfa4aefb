import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { planParts } from '../domain/part-plan.ts';
import { InvalidInput } from '../domain/problem.ts';

export interface FileFacts {
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Base64, one a part. */
  readonly partSha256s: readonly string[];
}

const refuse = (path: string, reason: string): InvalidInput => new InvalidInput('file', `${path} ${reason}.`);

/** The size of a file that can be published; throws for one that is not there, no file, empty or not to be read. */
export async function sizeOfFile(path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw refuse(path, error.code === 'ENOENT' ? 'is not there' : `cannot be read (${error.code})`);
  });
  if (found.isDirectory()) throw refuse(path, 'is a directory: give a tarball');
  if (!found.isFile()) throw refuse(path, 'is no regular file');
  if (found.size === 0) throw refuse(path, 'is empty');
  return found.size;
}

/** Everything that is declared of a file, in one read. */
export async function readFileFacts(path: string, onBytes: (read: number) => void): Promise<FileFacts> {
  const size = await sizeOfFile(path);
  const { partSize } = planParts(size);
  const whole = createHash('sha256');
  const partSha256s: string[] = [];
  let part = createHash('sha256');
  let inPart = 0;
  let read = 0;
  const stream = createReadStream(path, { highWaterMark: 1024 * 1024 });
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      whole.update(chunk);
      for (let begin = 0; begin < chunk.length; ) {
        const end = Math.min(chunk.length, begin + partSize - inPart);
        part.update(chunk.subarray(begin, end));
        inPart += end - begin;
        begin = end;
        if (inPart < partSize) continue;
        partSha256s.push(part.digest('base64'));
        part = createHash('sha256');
        inPart = 0;
      }
      read += chunk.length;
      onBytes(read);
    }
  } catch (error) {
    throw refuse(path, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (inPart > 0) partSha256s.push(part.digest('base64'));
  if (read !== size) throw changed(path);
  return { size, sha256: whole.digest('hex'), partSha256s };
}

export const changed = (path: string): InvalidInput =>
  refuse(path, 'changed while it was read: publish it when it is complete');

export async function md5OfFile(path: string): Promise<string> {
  const hash = createHash('md5');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
