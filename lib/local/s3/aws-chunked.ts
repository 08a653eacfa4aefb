import { createHash } from 'node:crypto';
import { equalSignatures, type SigningContext, sign } from '../sigv4/verify.ts';
import { S3Error } from './errors.ts';

interface ChunkedBody {
  readonly chunks: AsyncIterable<Buffer>;
  /** The only trailer that may follow the data. */
  readonly trailer?: string;
  /** If set, each chunk and the trailer must be signed, starting from the request's own signature. */
  readonly signing?: { readonly context: SigningContext; readonly seed: string };
  readonly onTrailer: (value: string) => void;
}

const emptyHash = createHash('sha256').digest('hex');
const maxLineLength = 1024;

/**
 * Decodes `aws-chunked`. Data is yielded before its signature is verified, so the consumer must discard it if the iteration ends
 * with an error.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export async function* awsChunked({ chunks, trailer, signing, onTrailer }: ChunkedBody): AsyncGenerator<Buffer> {
  const input = new Input(chunks);
  let previous = signing?.seed ?? '';
  const verify = (claimed: string | undefined, algorithm: string, ...hashes: readonly string[]) => {
    if (!signing) return;
    const expected = sign(signing.context, algorithm, previous, ...hashes);
    if (!equalSignatures(claimed ?? '', expected)) throw new S3Error('SignatureDoesNotMatch');
    previous = expected;
  };
  for (;;) {
    const header = /^([0-9a-fA-F]{1,10})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(await input.line());
    if (!header) throw incomplete();
    const size = Number.parseInt(header[1] ?? '', 16);
    const hash = createHash('sha256');
    for (let left = size; left > 0; ) {
      const data = await input.take(left);
      if (signing) hash.update(data);
      left -= data.length;
      yield data;
    }
    verify(header[2], 'AWS4-HMAC-SHA256-PAYLOAD', emptyHash, hash.digest('hex'));
    if (size === 0) break;
    if ((await input.line()) !== '') throw incomplete();
  }
  if (trailer !== undefined) {
    const [name = '', value = ''] = split(await input.line());
    if (name.toLowerCase() !== trailer) throw new S3Error('InvalidRequest', `The trailer ${trailer} is missing.`);
    if (signing) {
      const [label, signature] = split(await input.line());
      const claimed = label === 'x-amz-trailer-signature' ? signature : undefined;
      verify(claimed, 'AWS4-HMAC-SHA256-TRAILER', createHash('sha256').update(`${trailer}:${value}\n`).digest('hex'));
    }
    onTrailer(value);
  }
  // AWS's example of a trailer ends without the empty line that the SDKs send.
  if (!(await input.atEnd()) && (await input.line()) !== '') throw incomplete();
  if (!(await input.atEnd())) throw incomplete();
}

function split(line: string): readonly string[] {
  const at = line.indexOf(':');
  return at < 0 ? [] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

function incomplete(): S3Error {
  return new S3Error('IncompleteBody', 'The request body is not well-formed aws-chunked data.');
}

class Input {
  readonly #iterator: AsyncIterator<Buffer>;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#iterator = chunks[Symbol.asyncIterator]();
  }

  /** From 1 to `limit` bytes. */
  async take(limit: number): Promise<Buffer> {
    if (await this.atEnd()) throw incomplete();
    const data = this.#buffer.subarray(0, limit);
    this.#buffer = this.#buffer.subarray(data.length);
    return data;
  }

  /** The text before the next CRLF; the CRLF is consumed. */
  async line(): Promise<string> {
    for (;;) {
      const at = this.#buffer.indexOf('\r\n');
      if (at > maxLineLength || (at < 0 && this.#buffer.length > maxLineLength)) throw incomplete();
      if (at >= 0) {
        const line = this.#buffer.toString('latin1', 0, at);
        this.#buffer = this.#buffer.subarray(at + 2);
        return line;
      }
      const { done, value } = await this.#iterator.next();
      if (done) throw incomplete();
      this.#buffer = Buffer.concat([this.#buffer, value]);
    }
  }

  async atEnd(): Promise<boolean> {
    while (this.#buffer.length === 0) {
      const { done, value } = await this.#iterator.next();
      if (done) return true;
      this.#buffer = value;
    }
    return false;
  }
}
