import type { ChunkSource } from './chunk-source.ts';

const nothing = Buffer.alloc(0);

/** What has been read and not yet used, for decoders that look at single bytes. */
export class Intake {
  readonly #source: ChunkSource;
  #held: Buffer = nothing;

  constructor(source: ChunkSource) {
    this.#source = source;
  }

  get held(): Buffer {
    return this.#held;
  }

  /** Sees to it that `count` bytes are held; false when the file ends before. */
  async hold(count: number): Promise<boolean> {
    while (this.#held.length < count) {
      const chunk = await this.#source.next();
      if (chunk === undefined) return false;
      this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    }
    return true;
  }

  use(count: number): void {
    this.#held = this.#held.subarray(count);
  }
}
