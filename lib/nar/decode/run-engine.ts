import type { Transform } from 'node:stream';
import type { Intake } from './intake.ts';

/** A decompressor of node:zlib. */
export type Engine = Transform & { readonly bytesWritten: number };

/**
 * Feeds one engine until its stream ends, hands on what comes out, and leaves what follows the stream in the intake. Rejects when the
 * stream is damaged or cut off.
 */
export async function runEngine(
  engine: Engine,
  intake: Intake,
  signal: AbortSignal,
  onOutput: (chunk: Buffer) => Promise<void>,
): Promise<void> {
  let over = false;
  const reading = (async () => {
    for await (const chunk of engine) {
      signal.throwIfAborted();
      await onOutput(chunk);
    }
  })().finally(() => {
    over = true;
  });
  const feeding = async () => {
    while (!over) {
      if (!(await intake.hold(1))) {
        engine.end();
        return;
      }
      const before = engine.bytesWritten;
      const chunk = intake.held;
      await new Promise<void>((resolve) => {
        engine.once('close', resolve);
        engine.write(chunk, () => {
          engine.off('close', resolve);
          resolve();
        });
      });
      const used = engine.bytesWritten - before;
      intake.use(used);
      if (used < chunk.length) return;
    }
  };
  try {
    await Promise.all([reading, feeding()]);
  } finally {
    engine.destroy();
  }
}
