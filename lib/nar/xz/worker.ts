import type { MessagePort } from 'node:worker_threads';

export interface LiblzmaTask {
  readonly module: WebAssembly.Module;
  readonly encode: boolean;
  /** Shared by both threads: slots for input, followed by slots for output. */
  readonly slots: SharedArrayBuffer;
  readonly slotSize: number;
  readonly inputSlots: number;
  readonly outputSlots: number;
  /** The number of free output slots. */
  readonly credit: Int32Array;
}

/** Undefined at the end of the input. */
type LiblzmaInput = { readonly slot: number; readonly length: number } | undefined;

export type LiblzmaAnswer =
  | { readonly kind: 'output'; readonly slot: number; readonly length: number }
  | { readonly kind: 'consumed' }
  | { readonly kind: 'over'; readonly code: number };

interface Exports {
  readonly b: WebAssembly.Memory;
  readonly c: () => void;
  readonly f: (stream: number, action: number) => number;
  readonly m: (stream: number, preset: number, check: number) => number;
  readonly r: (stream: number, memoryLimit: bigint, flags: number) => number;
  readonly s: (size: number) => number;
}

/**
 * The code of the thread. It is started from the text of this function, so that a bundle needs no second file: it must not use anything
 * from outside, and has only methods, because bundlers that keep names wrap other functions into a helper of theirs.
 * The exports have the letters of node-liblzma's build: b memory, c constructors, f lzma_code, m lzma_easy_encoder,
 * r lzma_stream_decoder, s malloc.
 */
export function liblzmaWorker(port: MessagePort, task: LiblzmaTask): void {
  const { module, encode, slots, slotSize, inputSlots, outputSlots, credit } = task;
  const instance = new WebAssembly.Instance(module, {
    a: {
      /** emscripten_resize_heap */
      a(wanted: number): boolean {
        try {
          lzma.b.grow(Math.ceil(((wanted >>> 0) - lzma.b.buffer.byteLength) / 65_536));
          return true;
        } catch {
          return false;
        }
      },
    },
  });
  const lzma = instance.exports as unknown as Exports;
  lzma.c();
  // lzma_stream of a 32-bit machine: next_in 0, avail_in 4, next_out 16, avail_out 20 (lzma/base.h).
  const stream = lzma.s(96);
  const input = lzma.s(slotSize);
  const output = lzma.s(slotSize);
  const checkCrc64 = 4;
  const concatenated = 8;
  let nextOutput = 0;
  const steps = {
    begin(): void {
      new Uint8Array(lzma.b.buffer, stream, 96).fill(0);
      const code = encode ? lzma.m(stream, 6, checkCrc64) : lzma.r(stream, 200n << 20n, concatenated);
      if (code === 0) steps.empty();
      else steps.over(code);
    },
    take(piece: LiblzmaInput): void {
      if (piece === undefined) steps.run(3);
      else {
        new Uint8Array(lzma.b.buffer).set(new Uint8Array(slots, piece.slot * slotSize, piece.length), input);
        const fields = new Uint32Array(lzma.b.buffer, stream, 6);
        fields[0] = input;
        fields[1] = piece.length;
        steps.run(0);
      }
      port.postMessage({ kind: 'consumed' } satisfies LiblzmaAnswer);
    },
    run(action: number): void {
      for (;;) {
        const code = lzma.f(stream, action);
        // Memory may have grown in the call, which detaches older views.
        const fields = new Uint32Array(lzma.b.buffer, stream, 6);
        const full = fields[5] === 0;
        if (full || code === 1) steps.flush(slotSize - (fields[5] ?? 0));
        // LZMA_BUF_ERROR before the end of the input only means that more input is needed.
        const starved = code === 10 && action === 0;
        if (code !== 0 && !starved) {
          steps.over(code);
          return;
        }
        if (!full && action === 0 && fields[1] === 0) return;
      }
    },
    flush(length: number): void {
      while (Atomics.load(credit, 0) <= 0) Atomics.wait(credit, 0, 0);
      Atomics.sub(credit, 0, 1);
      const slot = inputSlots + (nextOutput++ % outputSlots);
      new Uint8Array(slots, slot * slotSize, length).set(new Uint8Array(lzma.b.buffer, output, length));
      port.postMessage({ kind: 'output', slot, length } satisfies LiblzmaAnswer);
      steps.empty();
    },
    empty(): void {
      const fields = new Uint32Array(lzma.b.buffer, stream, 6);
      fields[4] = output;
      fields[5] = slotSize;
    },
    over(code: number): void {
      port.postMessage({ kind: 'over', code } satisfies LiblzmaAnswer);
      port.close();
    },
  };
  steps.begin();
  port.on('message', steps.take);
}
