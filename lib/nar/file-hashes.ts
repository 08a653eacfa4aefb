import { createHash } from 'node:crypto';

export interface FileDigests {
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
  /** Base64, one for each part; an empty file is one empty part. */
  readonly partSha256s: readonly string[];
}

/** SHA-256 of a file and of its parts of one size, in one pass. */
export class FileHashes {
  readonly #partSize: number;
  readonly #whole = createHash('sha256');
  readonly #finished: string[] = [];
  #part = createHash('sha256');
  #inPart = 0;
  #size = 0;

  constructor(partSize: number) {
    if (!Number.isSafeInteger(partSize) || partSize < 1)
      throw new RangeError('the part size must be a positive integer');
    this.#partSize = partSize;
  }

  update(chunk: Uint8Array): void {
    this.#whole.update(chunk);
    this.#size += chunk.length;
    for (let at = 0; at < chunk.length; ) {
      if (this.#inPart === this.#partSize) this.#closePart();
      const end = Math.min(chunk.length, at + this.#partSize - this.#inPart);
      this.#part.update(chunk.subarray(at, end));
      this.#inPart += end - at;
      at = end;
    }
  }

  finish(): FileDigests {
    this.#closePart();
    return { size: this.#size, sha256: this.#whole.digest('hex'), partSha256s: this.#finished };
  }

  #closePart(): void {
    this.#finished.push(this.#part.digest('base64'));
    this.#part = createHash('sha256');
    this.#inPart = 0;
  }
}
