import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { type RunningS3, type S3Options, startS3 } from '../../lib/local/s3/server.ts';
import { signer } from './signer.ts';

export interface TestRequest {
  readonly method: string;
  /** Path and query, sent as they stand. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface TestResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The code in S3's error document. */
  readonly code: string | undefined;
}

export interface TestS3 extends Pick<RunningS3, 'deleteTagged'> {
  readonly dataDir: string;
  readonly host: string;
  readonly client: S3Client;
  /** Sends a request as it is. */
  readonly send: (request: TestRequest) => Promise<TestResponse>;
  /** Signs a request in its headers, then sends it. */
  readonly sendSigned: (request: TestRequest) => Promise<TestResponse>;
  readonly close: () => Promise<void>;
}

export const clientFor = (port: number): S3Client =>
  new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    maxAttempts: 1,
    // On a slow machine the server may close a kept connection at the moment that it is used again.
    requestHandler: { httpAgent: new Agent({ keepAlive: false }) },
  });

/** A server on a free port with a bucket named `bucket`, in a directory of its own that closing removes. */
export async function testS3(options: Partial<S3Options> = {}): Promise<TestS3> {
  const dataDir = mkdtempSync(join(tmpdir(), 'test-s3-'));
  const { port, close, deleteTagged } = await startS3({
    dataDir,
    hosts: ['127.0.0.1'],
    port: 0,
    region: 'us-east-1',
    credentials: (id) => (id === 'key' ? 'secret' : undefined),
    ...options,
  });
  const host = `127.0.0.1:${port}`;
  const client = clientFor(port);
  if (!options.clock) await client.send(new CreateBucketCommand({ Bucket: 'bucket' }));
  const send = (what: TestRequest) => sendTo(port, what);
  return {
    dataDir,
    deleteTagged,
    host,
    client,
    send,
    sendSigned: async (what) => send(await signed(host, what)),
    close: async () => {
      client.destroy();
      await close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

async function signed(host: string, { method, target, headers = {}, body = '' }: TestRequest): Promise<TestRequest> {
  const [path = '', rawQuery = ''] = target.split('?');
  const query = Object.fromEntries(
    rawQuery
      .split('&')
      .filter(Boolean)
      .map((pair) => pair.split('=').map(decodeURIComponent))
      .map(([name = '', value = '']) => [name, value]),
  );
  const request = { method, protocol: 'http:', hostname: host, path, query, headers: { host, ...headers }, body };
  const result = await signer('s3').sign(request);
  return { method, target, headers: result.headers, body };
}

export function sendTo(port: number, { method, target, headers = {}, body = '' }: TestRequest): Promise<TestResponse> {
  return new Promise((resolve, reject) => {
    const length = method === 'GET' || method === 'HEAD' ? {} : { 'content-length': Buffer.byteLength(body) };
    const outgoing = request({
      host: '127.0.0.1',
      port,
      method,
      path: target,
      headers: { ...length, ...headers },
      agent: false,
    });
    outgoing.on('error', reject).on('response', async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1];
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, code });
    });
    outgoing.end(body);
  });
}
