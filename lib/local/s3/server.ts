import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { claimDataDir, lockDataDir } from '../data-dir.ts';
import { dropBody } from '../direct-request.ts';
import { S3Error } from './errors.ts';
import { handleRequest, type S3Settings } from './handle-request.ts';
import type { S3Answer } from './request.ts';
import { Store } from './store/store.ts';
import { deleteTagged } from './tagging.ts';
import { toXml } from './xml.ts';

/** Listens on the same port of all addresses; port 0 selects a free one. An IPv6 address that the machine lacks is skipped. */
export async function listen(
  hosts: readonly string[],
  port: number,
  listener: RequestListener,
): Promise<{ readonly port: number; readonly servers: readonly Server[] }> {
  const servers: Server[] = [];
  let actual = port;
  try {
    for (const host of hosts) {
      // Large uploads take time.
      const server = createServer({ requestTimeout: 0 }, listener);
      try {
        server.listen({ host, port: actual });
        await once(server, 'listening');
      } catch (error) {
        if (host.includes(':') && isMissingAddress(error) && hosts.length > 1) continue;
        throw error;
      }
      servers.push(server);
      actual = (server.address() as AddressInfo).port;
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return { port: actual, servers };
}

function isMissingAddress(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; unlike others, this document has no namespace. */
function errorAnswer(error: S3Error, resource: string, requestId: string): S3Answer {
  const fields = {
    Code: error.code,
    Message: error.message,
    ...error.details,
    Resource: resource,
    RequestId: requestId,
  };
  const body = toXml('Error', fields).replace(/ xmlns="[^"]*"/, '');
  return { status: error.status, headers: { 'Content-Type': 'application/xml', ...error.headers }, body };
}

/** Sends an answer. If it cannot be sent completely (the client closed the connection), closes the connection and rejects. */
async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers = {}, body = '', release }: S3Answer,
): Promise<void> {
  try {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.statusCode = status;
    if (request.method === 'HEAD' || status === 304) response.end();
    else if (typeof body === 'string') response.setHeader('Content-Length', Buffer.byteLength(body)).end(body);
    else await pipeline(Readable.from(body, { objectMode: false }), response);
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    release?.();
    dropBody(request);
  }
}

/** Answers a request, and logs one line without the query, because presigned queries are secret. */
async function serveRequest(
  request: IncomingMessage,
  response: ServerResponse,
  settings: S3Settings,
  log: (line: string) => void,
): Promise<void> {
  const requestId = randomBytes(8).toString('hex').toUpperCase();
  const [path = ''] = (request.url ?? '').split('?');
  response.setHeader('x-amz-request-id', requestId);
  response.setHeader('Date', settings.clock().toUTCString());
  const answer = await handleRequest(request, settings).catch((error: unknown) => {
    if (!(error instanceof S3Error) && !request.errored) log(`${requestId} ${(error as Error).stack}`);
    const s3Error =
      error instanceof S3Error ? error : new S3Error(request.errored ? 'IncompleteBody' : 'InternalError');
    log(`${requestId} ${request.method} ${path} ${s3Error.status} ${s3Error.code}: ${s3Error.message}`);
    return errorAnswer(s3Error, path, requestId);
  });
  if (answer.status < 300) log(`${requestId} ${request.method} ${path} ${answer.status}`);
  await sendAnswer(request, response, answer).catch((error: Error) => {
    log(`${requestId} ${request.method} ${path} aborted: ${error.message}`);
  });
}

export interface S3Options {
  readonly dataDir: string;
  /** Addresses to listen on, all with the same port; 0 selects a free one. */
  readonly hosts: readonly string[];
  readonly port: number;
  readonly region: string;
  /** The secret of an access key. */
  readonly credentials: (accessKeyId: string) => string | undefined;
  readonly clock?: () => Date;
  /** False: conditions of writes are ignored, as by stores that do not support them. */
  readonly conditionalWrites?: boolean;
  /** For public keys: only requests sent directly by a program on this machine are accepted. */
  readonly onlyDirect?: boolean;
  readonly log?: (line: string) => void;
}

export interface RunningS3 {
  readonly port: number;
  /** Deletes all objects with a tag, as a lifecycle rule does, and returns their keys. */
  readonly deleteTagged: (tag: { readonly key: string; readonly value: string }) => readonly string[];
  /** Closes all connections, waits for running writes, and unlocks the data directory. */
  readonly close: () => Promise<void>;
}

/**
 * An S3 server for localhost with its buckets in `dataDir`. Rejects with the `code` EADDRINUSE (and `port`) if the port is in use,
 * with ELOCKED if another process uses the directory, and with BadSetting if the directory is not ours.
 */
export async function startS3(options: S3Options): Promise<RunningS3> {
  const { dataDir, hosts, region, credentials, conditionalWrites = true, onlyDirect = false } = options;
  const { clock = () => new Date(), log = () => {} } = options;
  claimDataDir(dataDir);
  const unlock = lockDataDir(dataDir);
  try {
    const store = new Store(dataDir);
    const running = new Set<Promise<void>>();
    const settings = { store, region, clock, credentials, conditionalWrites, onlyDirect };
    const listener: RequestListener = (request, response) => {
      const serving = serveRequest(request, response, settings, log);
      running.add(serving);
      serving.finally(() => running.delete(serving));
    };
    const { port, servers } = await listen(hosts, options.port, listener);
    const shutDown = async () => {
      const closed = servers.map((server) => once(server.close(), 'close'));
      for (const server of servers) server.closeAllConnections();
      await Promise.all([...closed, ...running]);
      await store.blobs.settle();
      unlock();
    };
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= shutDown();
      return closing;
    };
    return { port, deleteTagged: (tag) => deleteTagged(store, tag), close };
  } catch (error) {
    unlock();
    throw error;
  }
}
