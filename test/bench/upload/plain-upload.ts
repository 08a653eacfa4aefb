import { createReadStream } from 'node:fs';
import { request } from 'node:http';
import type { PartUrl } from '../../../lib/api/answers.ts';
import { partSize } from './parts-of-file.ts';

const sendPlain = (path: string, { partNumber, url, headers }: PartUrl): Promise<void> =>
  new Promise((resolve, reject) => {
    const start = (partNumber - 1) * partSize;
    const end = start + Number(headers['content-length']) - 1;
    const sending = request(url, { method: 'PUT', headers }, (response) => response.resume().once('end', resolve));
    sending.once('error', reject);
    createReadStream(path, { start, end, highWaterMark: 512 * 1024 })
      .once('error', reject)
      .pipe(sending);
  });

/** The least that sends a file in parts, four at once. */
export async function plainUpload(path: string, parts: readonly PartUrl[]): Promise<void> {
  const waiting = parts.values();
  const work = async (): Promise<void> => {
    for (const part of waiting) await sendPlain(path, part);
  };
  await Promise.all(Array.from({ length: 4 }, work));
}
