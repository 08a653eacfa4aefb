import { type MessagePort, Worker } from 'node:worker_threads';

/** The number of a buffer, and how much of it is to be hashed; undefined at the end. */
type Filled = { readonly buffer: number; readonly length: number } | undefined;

type Answer = 'hashed' | { readonly digest: string };

interface Sha256 {
  update(bytes: Uint8Array): unknown;
  digest(encoding: 'base64'): string;
}

/** The code of the thread. As that of xz/worker.ts it is started from its text, and must not use anything from outside. */
function hashWorker(port: MessagePort, buffers: readonly Uint8Array[], hash: Sha256): void {
  port.on('message', (filled: Filled) => {
    if (filled === undefined) {
      port.postMessage({ digest: hash.digest('base64') } satisfies Answer);
      port.close();
      return;
    }
    hash.update(buffers[filled.buffer]?.subarray(0, filled.length) ?? new Uint8Array());
    port.postMessage('hashed' satisfies Answer);
  });
}

/**
 * SHA-256, in base64, of chunks that this thread makes while another hashes them. They lie in the buffers, which share memory and are used
 * in turns.
 */
export async function sha256InThread(
  buffers: readonly Uint8Array[],
  chunks: Iterable<Uint8Array>,
  signal: AbortSignal,
): Promise<string> {
  const code = `const { parentPort, workerData } = require('node:worker_threads');
(${hashWorker.toString()})(parentPort, workerData, require('node:crypto').createHash('sha256'));`;
  signal.throwIfAborted();
  const resourceLimits = { maxYoungGenerationSizeMb: 2 };
  const worker = new Worker(code, { eval: true, workerData: buffers, execArgv: [], env: {}, resourceLimits });
  let aborted = () => {};
  let hashed = 0;
  let wake = () => {};
  const failed = new Promise<never>((_, reject) => {
    aborted = () => reject(signal.reason);
    signal.addEventListener('abort', aborted, { once: true });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the hashing thread ended unexpectedly')));
  });
  failed.catch(() => {});
  const digest = new Promise<string>((resolve) => {
    worker.on('message', (answer: Answer) => {
      if (answer !== 'hashed') return resolve(answer.digest);
      hashed++;
      wake();
    });
  });
  const next = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  try {
    let made = 0;
    for (const chunk of chunks) {
      worker.postMessage({ buffer: made % buffers.length, length: chunk.length } satisfies Filled);
      made++;
      // The next chunk needs a free buffer.
      while (made - hashed >= buffers.length) await Promise.race([next(), failed]);
    }
    worker.postMessage(undefined satisfies Filled);
    return await Promise.race([digest, failed]);
  } finally {
    signal.removeEventListener('abort', aborted);
    await worker.terminate();
  }
}
