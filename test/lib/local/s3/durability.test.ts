import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type RunningS3, startS3 } from '../../../../lib/local/s3/server.ts';
import { clientFor } from '../../../support/test-s3.ts';

const Bucket = 'bucket';
const script = new URL('../../../support/s3-process.ts', import.meta.url).pathname;

let dataDir: string;
let running: RunningS3[];
let children: ChildProcess[];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'test-s3-'));
  running = [];
  children = [];
});
afterEach(async () => {
  for (const child of children) await kill(child);
  for (const one of running) await one.close();
  rmSync(dataDir, { recursive: true });
});

const options = {
  hosts: ['127.0.0.1'],
  port: 0,
  region: 'us-east-1',
  credentials: (id: string) => (id === 'key' ? 'secret' : undefined),
};

async function start(): Promise<S3Client> {
  const one = await startS3({ ...options, dataDir });
  running.push(one);
  return clientFor(one.port);
}

async function stop(): Promise<void> {
  await running.pop()?.close();
}

async function spawnServer(): Promise<{ readonly child: ChildProcess; readonly client: S3Client }> {
  const child = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [port] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  return { child, client: clientFor(Number(port)) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function open(client: S3Client, Key: string) {
  const input = { Bucket, Key, ChecksumAlgorithm: 'CRC32', Metadata: { rev: '1' } } as const;
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(input));
  return { Bucket, Key, UploadId };
}

const files = (folder: string) => readdirSync(join(dataDir, folder)).sort();
const text = async (client: S3Client, Key: string) =>
  (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();

describe('a server that is killed', () => {
  it('has every acknowledged write, and no incomplete object, after a restart', async () => {
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < 4; round++) {
      const { child, client } = await spawnServer();
      if (round === 0) await client.send(new CreateBucketCommand({ Bucket }));
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        const Key = `key-${writer % 4}-${writer < 4 ? 'small' : 'large'}`;
        for (let n = (acknowledged.get(Key) ?? 0) + 1; ; n++) {
          await client.send(new PutObjectCommand({ Bucket, Key, Body: `${n} `.repeat(writer < 4 ? 1 : 40_000) }));
          acknowledged.set(Key, n);
        }
      });
      const ended = Promise.allSettled(writers);
      while (acknowledged.size < 8) await setTimeout(5);
      await setTimeout(200 + round * 97);
      await kill(child);
      await ended;

      const after = await start();
      for (const [Key, n] of acknowledged) {
        const { Body, ETag } = await after.send(new GetObjectCommand({ Bucket, Key }));
        const body = (await Body?.transformToString()) ?? '';
        const found = Number.parseInt(body, 10);
        // The write that the kill interrupted may have come through unacknowledged.
        expect([n, n + 1]).toContain(found);
        expect(body).toBe(`${found} `.repeat(Key.endsWith('small') ? 1 : 40_000));
        expect(ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`);
        acknowledged.set(Key, found);
      }
      expect(files('temporary')).toEqual([]);
      expect(files('blobs')).toHaveLength(8);
      await stop();
    }
  });

  it('continues with the uploads that were in progress', async () => {
    const { child, client } = await spawnServer();
    await client.send(new CreateBucketCommand({ Bucket }));
    const upload = await open(client, 'upload');
    const { ETag } = await client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'part' }));
    await kill(child);

    const after = await start();
    const { Parts, ChecksumAlgorithm } = await after.send(new ListPartsCommand(upload));
    expect(Parts).toMatchObject([{ PartNumber: 1, ETag, Size: 4 }]);
    expect(ChecksumAlgorithm).toBe('CRC32');
    const parts = [{ PartNumber: 1, ETag, ChecksumCRC32: Parts?.[0]?.ChecksumCRC32 }];
    await after.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }));
    expect(await text(after, 'upload')).toBe('part');
    const head = await after.send(new HeadObjectCommand({ Bucket, Key: 'upload' }));
    expect(head.Metadata).toEqual({ rev: '1' });
  });

  it('has only the object if it was killed before the end of its upload', async () => {
    const client = await start();
    await client.send(new CreateBucketCommand({ Bucket }));
    const upload = await open(client, 'upload');
    const { ETag, ChecksumCRC32 } = await client.send(
      new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'part' }),
    );
    const aside = join(dataDir, 'aside');
    mkdirSync(aside);
    for (const file of files('records')) copyFileSync(join(dataDir, 'records', file), join(aside, file));
    const parts = [{ PartNumber: 1, ETag, ChecksumCRC32 }];
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }));
    await stop();
    const ended = files('records');
    for (const file of readdirSync(aside)) copyFileSync(join(aside, file), join(dataDir, 'records', file));

    const after = await start();
    await expect(after.send(new AbortMultipartUploadCommand(upload))).rejects.toMatchObject({ name: 'NoSuchUpload' });
    expect(await text(after, 'upload')).toBe('part');
    expect(files('records')).toEqual(ended);
    expect(files('blobs')).toHaveLength(1);
  });

  it('leaves no files after the next start', async () => {
    await (await start()).send(new CreateBucketCommand({ Bucket }));
    await stop();
    writeFileSync(join(dataDir, 'blobs', randomUUID()), 'x');
    writeFileSync(join(dataDir, 'temporary', `${'0'.repeat(64)}.json`), '{"kind":');
    const client = await start();
    expect(files('blobs')).toEqual([]);
    expect(files('temporary')).toEqual([]);
    expect((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  });
});

describe('files that the S3 stand-in did not write', () => {
  it('stay in place in every folder', async () => {
    await (await start()).send(new CreateBucketCommand({ Bucket }));
    await stop();
    const foreign = ['notes.txt', ...['blobs', 'records', 'temporary'].map((folder) => `${folder}/notes.txt`)];
    for (const name of foreign) writeFileSync(join(dataDir, name), 'mine');
    mkdirSync(join(dataDir, 'temporary', `${'0'.repeat(64)}.json`));
    const client = await start();
    await client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'body' }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'key' }));
    await stop();
    for (const name of foreign) expect(readFileSync(join(dataDir, name), 'utf8')).toBe('mine');
    expect(files('temporary')).toContain(`${'0'.repeat(64)}.json`);
  });

  it('are not read or written through symbolic links', async () => {
    const elsewhere = join(dataDir, 'elsewhere');
    let client = await start();
    writeFileSync(elsewhere, 'secret');
    await client.send(new CreateBucketCommand({ Bucket }));
    await client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'public' }));
    await stop();
    const [blob = ''] = files('blobs');
    rmSync(join(dataDir, 'blobs', blob));
    symlinkSync(elsewhere, join(dataDir, 'blobs', blob));
    symlinkSync(elsewhere, join(dataDir, 'records', `${'0'.repeat(64)}.json`));
    client = await start();
    await expect(text(client, 'key')).rejects.toThrow();
    const [record = ''] = files('records').filter((name) => !name.startsWith('0000'));
    symlinkSync(elsewhere, join(dataDir, 'temporary', record));
    for (const Key of ['key', 'other']) await client.send(new PutObjectCommand({ Bucket, Key, Body: 'new' }));
    await stop();
    expect(readFileSync(elsewhere, 'utf8')).toBe('secret');
  });
});

describe('blobs', () => {
  it('are removed after an object is replaced or deleted, an upload is aborted, or a completion leaves parts out', async () => {
    const client = await start();
    await client.send(new CreateBucketCommand({ Bucket }));
    for (const Body of ['one', 'two']) await client.send(new PutObjectCommand({ Bucket, Key: 'key', Body }));
    const upload = await open(client, 'key');
    for (const n of [1, 1, 2]) await client.send(new UploadPartCommand({ ...upload, PartNumber: n, Body: 'part' }));
    const { Parts = [] } = await client.send(new ListPartsCommand(upload));
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: Parts.slice(0, 1) } }));
    const aborted = await open(client, 'key');
    await client.send(new UploadPartCommand({ ...aborted, PartNumber: 1, Body: 'part' }));
    await client.send(new AbortMultipartUploadCommand(aborted));
    await stop();
    expect(files('blobs')).toHaveLength(1);
    expect(files('records')).toHaveLength(2);
  });
});

describe('a locked data directory', () => {
  it('is refused to a second server, and available after the first is closed', async () => {
    await start();
    await expect(startS3({ ...options, dataDir })).rejects.toMatchObject({ code: 'ELOCKED' });
    await stop();
    await start();
  });

  it('is refused while another process uses it, and available after that process was killed', async () => {
    const { child } = await spawnServer();
    const refusal = { code: 'ELOCKED', message: expect.stringContaining(`in use by process ${child.pid}`) };
    await expect(startS3({ ...options, dataDir })).rejects.toMatchObject(refusal);
    await kill(child);
    await start();
    expect(readFileSync(join(dataDir, 'lock'), 'utf8')).toBe(String(process.pid));
  });

  it('is available if the lock is of an earlier process with the same pid', async () => {
    writeFileSync(join(dataDir, 'lock'), String(process.pid));
    await start();
  });
});
