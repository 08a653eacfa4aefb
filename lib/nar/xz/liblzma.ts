import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { LocalFailure } from '../archive-refused.ts';
import { type ChunkSource, cutOff, damaged, maxXzMemory } from '../file.ts';
import type { Spool } from '../spool.ts';
import { type LiblzmaAnswer, type LiblzmaTask, liblzmaWorker } from './worker.ts';

/** Set by the bundler: `define: { LIBLZMA_WASM_BASE64: JSON.stringify(base64) }`. Not defined when run from the sources. */
declare const LIBLZMA_WASM_BASE64: string;

/** Only this file of node-liblzma is used: liblzma 5.8 (0BSD) as WebAssembly. Its JavaScript (LGPL-3.0) is not. */
export const liblzmaFile = 'node-liblzma/wasm/liblzma.wasm';

let compiled: Promise<WebAssembly.Module> | undefined;

function liblzmaModule(): Promise<WebAssembly.Module> {
  compiled ??= bytes().then((wasm) => WebAssembly.compile(wasm));
  return compiled;
}

async function bytes(): Promise<Uint8Array<ArrayBuffer>> {
  const text = embedded();
  if (text !== undefined) return Buffer.from(text, 'base64');
  return readFile(createRequire(import.meta.url).resolve(liblzmaFile));
}

function embedded(): string | undefined {
  try {
    return LIBLZMA_WASM_BASE64;
  } catch {
    return undefined;
  }
}

const slotSize = 512 * 1024;
const inputSlots = 2;
const outputSlots = 6;

/** Results of lzma_code (lzma/base.h). */
export const lzmaCode = {
  streamEnd: 1,
  memory: 5,
  memoryLimit: 6,
  format: 7,
  options: 8,
  data: 9,
  buffer: 10,
} as const;

/**
 * Runs liblzma on the source in a thread of its own. The bytes passed to `onOutput` are valid until its promise is fulfilled. Decodes all
 * streams of a file. Resolves to the last result of liblzma: `streamEnd` or an error.
 */
export async function runLiblzma(
  mode: 'encode' | 'decode',
  source: ChunkSource,
  onOutput: (bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  const credit = new Int32Array(new SharedArrayBuffer(4)).fill(outputSlots);
  const slots = new SharedArrayBuffer(slotSize * (inputSlots + outputSlots));
  const module = await liblzmaModule();
  signal.throwIfAborted();
  const task: LiblzmaTask = { module, encode: mode === 'encode', slots, slotSize, inputSlots, outputSlots, credit };
  const code = `const { parentPort, workerData } = require('node:worker_threads');
(${liblzmaWorker.toString()})(parentPort, workerData);`;
  const worker = new Worker(code, { eval: true, workerData: task, execArgv: [], env: {} });
  let aborted = () => {};
  try {
    return await new Promise<number>((resolve, reject) => {
      aborted = () => reject(signal.reason);
      signal.addEventListener('abort', aborted, { once: true });
      worker.once('error', reject);
      let over = false;
      worker.once('exit', () => over || reject(new Error('the liblzma thread ended unexpectedly')));
      const pieces = piecesOf(source);
      let nextInput = 0;
      const send = async (): Promise<void> => {
        const { value: piece } = await pieces.next();
        const slot = nextInput++ % inputSlots;
        if (piece) new Uint8Array(slots, slot * slotSize).set(piece);
        worker.postMessage(piece && { slot, length: piece.length });
      };
      let outputs = Promise.resolve();
      const handOn = async (slot: number, length: number): Promise<void> => {
        await onOutput(new Uint8Array(slots, slot * slotSize, length));
        Atomics.add(credit, 0, 1);
        Atomics.notify(credit, 0);
      };
      worker.on('message', (answer: LiblzmaAnswer) => {
        if (answer.kind === 'consumed') send().catch(reject);
        else if (answer.kind === 'output') {
          outputs = outputs.then(() => handOn(answer.slot, answer.length));
          outputs.catch(reject);
        } else {
          over = true;
          outputs.then(() => resolve(answer.code), reject);
        }
      });
      for (let ahead = 0; ahead < inputSlots; ahead++) send().catch(reject);
    });
  } finally {
    signal.removeEventListener('abort', aborted);
    await worker.terminate();
  }
}

/** Pieces of at most one slot. */
async function* piecesOf(source: ChunkSource): AsyncGenerator<Uint8Array, undefined, undefined> {
  for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) {
    for (let at = 0; at < chunk.length; at += slotSize) yield chunk.subarray(at, at + slotSize);
  }
}

/** For machines without the program xz. Trailing garbage is refused, as xz does. */
export async function decodeXz(source: ChunkSource, spool: Spool, signal: AbortSignal): Promise<void> {
  const code = await runLiblzma('decode', source, (bytes) => spool.append(bytes), signal);
  if (code === lzmaCode.streamEnd) return;
  if (code === lzmaCode.buffer) throw cutOff('xz');
  if (code === lzmaCode.memory || code === lzmaCode.memoryLimit) {
    throw new LocalFailure(
      'unsupported',
      `The archive needs more than 200 MiB of memory to unpack: install the program xz, with which the limit is ${maxXzMemory}.`,
    );
  }
  if (code === lzmaCode.options) {
    throw new LocalFailure('unsupported', 'The archive is compressed with xz filters that are not supported.');
  }
  throw damaged('xz', code);
}
