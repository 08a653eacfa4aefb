/** Bits of a buffer, the highest of each byte first. Behind the end there are zeros, and `overrun` says so. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #next = 0;
  #bits = 0;
  #count = 0;

  constructor(bytes: Uint8Array, bitOffset: number) {
    this.#bytes = bytes;
    this.read(bitOffset);
  }

  /** How many bits were read. */
  get position(): number {
    return this.#next * 8 - this.#count;
  }

  get overrun(): boolean {
    return this.position > this.#bytes.length * 8;
  }

  /** At most 24. */
  peek(count: number): number {
    while (this.#count < count) {
      this.#bits = (this.#bits << 8) | (this.#bytes[this.#next] ?? 0);
      this.#next++;
      this.#count += 8;
    }
    return (this.#bits >>> (this.#count - count)) & ((1 << count) - 1);
  }

  /** Only what was peeked at. */
  skip(count: number): void {
    this.#count -= count;
  }

  /** At most 24. */
  read(count: number): number {
    const value = this.peek(count);
    this.#count -= count;
    return value;
  }

  read32(): number {
    return this.read(16) * 0x10000 + this.read(16);
  }

  read48(): number {
    return this.read(24) * 0x1000000 + this.read(24);
  }
}
