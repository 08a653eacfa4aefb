import { createHash } from 'node:crypto';
import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { parseRecord } from '../../lib/domain/record.ts';
import { fixedKeys } from '../../lib/store/read/presign.ts';
import { s3ClientConfig } from '../../lib/store/write/open.ts';
import type { TestStore } from '../support/test-server.ts';
import { ChannelLedger } from './ledger.ts';
import type { ChannelView } from './plan.ts';

/** The bucket as it is, read without faults: where the histories are put together. */
export class SoakBucket {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly ledgers: ReadonlyMap<string, ChannelLedger>;
  readonly #views = new Map<string, ChannelView>();
  /** Operations of the deny list's history. */
  readonly denials = new Set<string>();

  constructor({ bucket, endpoint, environment }: TestStore, channels: readonly string[]) {
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_REGION = '' } = environment;
    const keys = fixedKeys({ accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY });
    this.#client = new S3Client(s3ClientConfig({ bucket, region: AWS_REGION, endpoint, keys }));
    this.#bucket = bucket;
    this.ledgers = new Map(channels.map((channel) => [channel, new ChannelLedger(channel)]));
  }

  get views(): readonly ChannelView[] {
    const unknown = { isAdded: false, isRemoved: false, latest: undefined, releases: [], yanked: [] };
    return [...this.ledgers.keys()].map((channel) => this.#views.get(channel) ?? { channel, ...unknown });
  }

  async #read(key: string): Promise<Uint8Array | undefined> {
    try {
      const found = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
      return await found.Body?.transformToByteArray();
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  /** Reads all records and the deny list. */
  async look(): Promise<void> {
    for (const [channel, ledger] of this.ledgers) {
      const bytes = await this.#read(`${channel}.json`);
      if (bytes === undefined) continue;
      const record = parseRecord(Buffer.from(bytes).toString());
      ledger.see(record.history, Date.now());
      const { latest, previous } = record;
      this.#views.set(channel, {
        channel,
        isAdded: true,
        isRemoved: record.removed !== undefined,
        latest,
        releases: latest === undefined ? previous : [...previous, latest],
        yanked: Object.keys(record.yanked),
      });
    }
    const list = await this.#read('revoked.json');
    if (list === undefined) return;
    const { history = [] } = JSON.parse(Buffer.from(list).toString()) as { history?: { operation: string }[] };
    for (const { operation } of history) this.denials.add(operation);
    const ids = history.map(({ operation }) => operation);
    if (new Set(ids).size < ids.length) throw new Error(`the deny list has an operation twice: ${ids.join(', ')}`);
  }

  async sha256Of(release: string): Promise<string | undefined> {
    const bytes = await this.#read(`${release}.tar.xz`);
    return bytes && createHash('sha256').update(bytes).digest('hex');
  }

  close(): void {
    this.#client.destroy();
  }
}
