import { createReadStream } from 'node:fs';
import { InvalidInput } from '../domain/problem.ts';
import { fileProblem } from './file-problem.ts';

/** Bytes; keys, tokens and locks are far smaller, and what is given by mistake may be a disk. */
const longest = 8 * 1024 ** 2;

export type TextInput = AsyncIterable<Uint8Array | string>;

/**
 * A small text file; `-` is standard input.
 * @param name for messages: who gives a token instead of its file must not find it in a log
 */
export async function readText(path: string, stdin: TextInput | undefined, name = path): Promise<string> {
  const input: TextInput = path === '-' ? (stdin ?? createReadStream('/dev/null')) : createReadStream(path);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of input) {
      chunks.push(Buffer.from(chunk));
      length += chunk.length;
      if (length > longest) throw new InvalidInput('file', `${name} holds more than a file of this kind does.`);
    }
  } catch (error) {
    throw fileProblem('read', name, error);
  }
  return Buffer.concat(chunks).toString();
}
