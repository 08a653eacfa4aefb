import { createHash } from 'node:crypto';
import { Unavailable } from '../../lib/domain/problem.ts';
import { factsFromMetadata } from '../../lib/domain/release.ts';
import type { BucketReader } from '../../lib/store/read/reader.ts';
import type { BucketWriter, StoredPart } from '../../lib/store/write/bucket-writer.ts';

export interface MemoryObject {
  readonly text: string;
  readonly size: number;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly changedAt: number;
  readonly contentEncoding?: string;
}

interface MemoryUpload {
  readonly key: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly parts: Map<number, StoredPart>;
  readonly begunAt: number;
}

export const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
export const sha256 = (data: string | Buffer, encoding: 'hex' | 'base64' = 'hex'): string =>
  createHash('sha256').update(data).digest(encoding);

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

/** One bucket in memory, seen through the interfaces of both functions. Its objects are texts; entity tags are their MD5. */
export class MemoryBucket {
  readonly objects = new Map<string, MemoryObject>();
  readonly uploads = new Map<string, MemoryUpload>();
  /** Keys of objects with the tag that the lifecycle deletes by. */
  readonly retired = new Set<string>();
  /** What the store answers to tags, if it refuses them. */
  refusesTags: string | undefined;
  /** By how much its clock is ahead, in milliseconds; undefined: its answers have no date. */
  clockAhead: number | undefined = 0;
  /** Every call so far, such as `head demo-1.tar.xz`. */
  readonly calls: string[] = [];
  /** Throws to make a call fail, before or after it took effect. */
  fault: (call: string, moment: 'before' | 'after') => void = () => {};
  now: () => number = () => Date.parse('2026-01-01T00:00:00Z');
  /** What a call waits for before it takes effect, and again before it answers. */
  delay: () => Promise<void> = async () => {};
  /** Of the keys that URLs are signed with. */
  generation = 0;
  #uploads = 0;
  #urls = 0;

  put(key: string, text: string, metadata: Readonly<Record<string, string>> = {}, etag = `"${md5(text)}"`): void {
    this.objects.set(key, { text, size: Buffer.byteLength(text), etag, metadata, changedAt: this.now() });
  }

  putJson(key: string, value: unknown): void {
    this.put(key, JSON.stringify(value));
  }

  json(key: string): Record<string, unknown> {
    return JSON.parse(this.objects.get(key)?.text ?? 'null');
  }

  /** What a PUT to a part's URL does. */
  putPart(uploadId: string, partNumber: number, body: string): void {
    this.putPartAs(uploadId, { partNumber, size: Buffer.byteLength(body), sha256: sha256(body, 'base64'), etag: body });
  }

  /** A part of any claimed size, for files too big for a test. */
  putPartAs(uploadId: string, part: StoredPart): void {
    this.uploads.get(uploadId)?.parts.set(part.partNumber, part);
  }

  async #call<Value>(call: string, effect: () => Value): Promise<Value> {
    this.calls.push(call);
    await this.delay();
    this.fault(call, 'before');
    const value = effect();
    await this.delay();
    this.fault(call, 'after');
    return value;
  }

  readonly reader: BucketReader = {
    readText: (key, knownEtag) =>
      this.#call(knownEtag === undefined ? `get ${key}` : `get ${key} unless ${knownEtag}`, () => {
        const found = this.objects.get(key);
        if (found === undefined) return 'absent';
        return found.etag === knownEtag ? 'unchanged' : found;
      }),
    head: (key) =>
      this.#call(`head ${key}`, () => {
        const found = this.objects.get(key);
        if (found === undefined) return 'absent';
        const { etag, size, changedAt, metadata } = found;
        const channel = metadata.channel === undefined ? {} : { channel: metadata.channel };
        return {
          etag,
          size,
          facts: factsFromMetadata(metadata),
          lastModified: new Date(changedAt).toUTCString(),
          ...channel,
        };
      }),
    presignGet: async (key) => {
      this.#urls += 1;
      return `https://bucket.test/${encodeURIComponent(key)}?signed=${this.#urls}`;
    },
    generation: () => this.generation,
  };

  readonly writer: BucketWriter = {
    readText: (key) => this.#call(`get ${key}`, () => this.objects.get(key)),
    writeText: (key, text, condition) =>
      this.#call(`put ${key}`, () => {
        const wanted = condition === 'if-absent' ? undefined : condition.ifMatch;
        if (this.objects.get(key)?.etag !== wanted) return 'changed';
        this.put(key, text);
        return 'written';
      }),
    head: (key) => this.#call(`head ${key}`, () => this.objects.get(key)),
    openUpload: (key, metadata) =>
      this.#call(`open ${key}`, () => {
        this.#uploads += 1;
        const uploadId = `~up/load+${this.#uploads}=`;
        this.uploads.set(uploadId, { key, metadata, parts: new Map(), begunAt: this.now() });
        return uploadId;
      }),
    listParts: (key, uploadId) =>
      this.#call(`parts ${key}`, () => {
        const parts = this.uploads.get(uploadId)?.parts;
        return parts && [...parts.values()].sort((one, other) => one.partNumber - other.partNumber);
      }),
    completeUpload: (key, uploadId, parts, size) =>
      this.#call(`complete ${key}`, () => {
        const upload = this.uploads.get(uploadId);
        if (upload === undefined) return 'gone';
        if (this.objects.has(key)) return 'taken';
        const etag = `"${md5(parts.map((part) => part.etag).join())}-${parts.length}"`;
        this.uploads.delete(uploadId);
        this.objects.set(key, { text: '', size, etag, metadata: upload.metadata, changedAt: this.now() });
        return 'completed';
      }),
    abortUpload: (key, uploadId) =>
      this.#call(`abort ${key}`, () => {
        this.uploads.delete(uploadId);
      }),
    listKeys: (after, limit) =>
      this.#call(`list ${after ?? ''}`, () => {
        const left = [...this.objects.keys()]
          .sort(byBytes)
          .filter((key) => after === undefined || byBytes(key, after) > 0);
        const items = left.slice(0, limit);
        const next = left.length > limit ? items.at(-1) : undefined;
        return { items, ...(next === undefined ? {} : { next }) };
      }),
    listObjects: (prefix, after) =>
      this.#call(`list ${prefix} ${after ?? ''}`, () => {
        const left = [...this.objects]
          .map(([key, { size, changedAt }]) => ({ key, size, changedAt }))
          .filter(({ key }) => key.startsWith(prefix) && (after === undefined || byBytes(key, after) > 0))
          .sort((one, other) => byBytes(one.key, other.key));
        const items = left.slice(0, 1_000);
        const next = left.length > items.length ? items.at(-1)?.key : undefined;
        return { items, ...(next === undefined ? {} : { next }) };
      }),
    tagRetired: (key) =>
      this.#call(`tag ${key}`, () => {
        if (this.refusesTags !== undefined) return { refused: this.refusesTags };
        if (!this.objects.has(key)) return 'absent';
        this.retired.add(key);
        return 'tagged';
      }),
    time: () => this.#call('time', () => (this.clockAhead === undefined ? undefined : this.now() + this.clockAhead)),
    listUploads: (after, limit) =>
      this.#call('uploads', () => {
        const all = [...this.uploads].map(([uploadId, { key, begunAt }]) => ({ key, uploadId, begunAt }));
        const left = all.slice(all.findIndex(({ uploadId }) => uploadId === after?.uploadId) + 1);
        const [last] = left.slice(0, limit).slice(-1);
        const next =
          left.length > limit && last !== undefined ? { next: { key: last.key, uploadId: last.uploadId } } : {};
        return { items: left.slice(0, limit), ...next };
      }),
  };
}

/** What both views of the bucket throw when S3 is away. */
export const away = (): Unavailable => new Unavailable('The storage is away: try again.', new Error('ECONNREFUSED'));
