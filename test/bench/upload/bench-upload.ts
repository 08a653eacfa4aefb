import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { BenchPart } from '../bench-part.ts';
import { cached } from '../cache.ts';
import { numbersFrom } from '../inspect/source-text.ts';
import { runNode } from '../measured-process.ts';
import { detail, median } from '../statistics.ts';
import { mebibyte } from './parts-of-file.ts';

/** One upload takes a fraction of a second, so there are more of them. */
const uploadsEachRound = 3;
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function writeInput(path: string): Promise<void> {
  const below = numbersFrom(138);
  const piece = Buffer.from(Uint32Array.from({ length: mebibyte / 4 }, () => below(2 ** 32)).buffer);
  const file = await open(path, 'w');
  try {
    for (let count = 0; count < 138; count += 1) await file.write(piece);
  } finally {
    await file.close();
  }
}

/** Sending a file to a server that forgets it, against the least code that could send it. */
export const benchUpload: BenchPart = async ({ rounds, tell }) => {
  const file = await cached('upload-138.bin', writeInput);
  const sink = spawn(process.execPath, [script('sink.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [port] = (await once(sink.stdout, 'data')) as [Buffer];
    const origin = `http://127.0.0.1:${port.toString().trim()}`;
    const uploadOnce = async (kind: 'ours' | 'plain'): Promise<number> =>
      Number((await runNode([script('upload-once.ts'), kind, file, origin], process.env)).output);
    await uploadOnce('plain');
    const ours: number[] = [];
    const plain: number[] = [];
    tell(`upload: ${rounds * uploadsEachRound} uploads of each kind\n`);
    for (let upload = 0; upload < rounds * uploadsEachRound; upload += 1) {
      plain.push(await uploadOnce('plain'));
      ours.push(await uploadOnce('ours'));
    }
    return {
      values: { 'upload: against plain node:http': median(ours) / median(plain) },
      details: [detail('plain node:http, 138 MiB', plain, 's'), detail('upload of channelctl', ours, 's')],
    };
  } finally {
    sink.kill();
  }
};
