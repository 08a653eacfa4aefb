import { createHash, type KeyObject, randomUUID } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import { SignatureV4 } from '@smithy/signature-v4';
import type { BucketLocation } from '../../store/read/bucket-location.ts';
import { Sha256, type StoreKeys } from '../../store/read/presign.ts';
import { dropBody } from '../direct-request.ts';
import { listen } from '../s3/server.ts';
import { toXml } from '../s3/xml.ts';
import { checkRequest, type EdgeRefusal } from './check-request.ts';

interface EdgeOptions {
  readonly port: number;
  readonly bucket: BucketLocation;
  /** Keys that may read the bucket. */
  readonly keys: Pick<StoreKeys, 'get'>;
  /** The public key of an id. */
  readonly publicKey: (id: string) => KeyObject | undefined;
  readonly now: () => number;
}

export interface Edge {
  readonly origin: string;
  readonly close: () => Promise<void>;
}

/** The viewer's headers that reach the bucket. `Authorization`, cookies and all others do not. */
const forwarded = ['range', 'if-range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];
/** Of one connection (RFC 9110, 7.6.1). */
const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade'];

const emptyHash = createHash('sha256').digest('hex');

/** Asks the bucket with a request of its own, signed as an origin access control signs it. */
async function askBucket(
  incoming: http.IncomingMessage,
  target: string,
  { bucket, keys, now }: EdgeOptions,
): Promise<http.IncomingMessage> {
  const { protocol, hostname, port, region } = bucket;
  const own = Object.fromEntries(
    forwarded.flatMap((name) => (incoming.headers[name] === undefined ? [] : [[name, String(incoming.headers[name])]])),
  );
  const signer = new SignatureV4({
    service: 's3',
    region,
    credentials: await keys.get(),
    sha256: Sha256,
    uriEscapePath: false,
  });
  const signed = await signer.sign(
    {
      method: incoming.method ?? 'GET',
      protocol,
      hostname,
      path: `${bucket.path}${target.slice(1)}`,
      headers: {
        host: port === undefined ? hostname : `${hostname}:${port}`,
        'x-amz-content-sha256': emptyHash,
        ...own,
      },
    },
    { signingDate: new Date(now()) },
  );
  const transport = protocol === 'https:' ? https : http;
  const { method, path, headers } = signed;
  return new Promise((resolve, reject) => {
    const outgoing = transport.request({ protocol, hostname, port, method, path, headers }, resolve);
    outgoing.on('error', reject).end();
  });
}

/** What CloudFront adds to each of its answers. */
const edgeHeaders = (cache: string) => ({
  'x-cache': `${cache} from cloudfront`,
  via: '1.1 localhost (CloudFront)',
  'x-amz-cf-id': randomUUID(),
});

function refuse(outgoing: http.ServerResponse, { status, code, message }: EdgeRefusal): void {
  const body = toXml('Error', { Code: code, Message: message }).replace(/ xmlns="[^"]*"/, '');
  const length = Buffer.byteLength(body);
  outgoing.writeHead(status, { 'content-type': 'text/xml', 'content-length': length, ...edgeHeaders('Error') });
  outgoing.end(outgoing.req.method === 'HEAD' ? undefined : body);
}

async function serve(
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  origin: string,
  options: EdgeOptions,
): Promise<void> {
  const { method = '', url: target = '', headers } = incoming;
  const { publicKey, now } = options;
  const checked = checkRequest({ method, host: headers.host ?? '', target }, { origin, publicKey, now: now() });
  if ('code' in checked) return refuse(outgoing, checked);
  const answer = await askBucket(incoming, checked.target, options);
  const { statusCode = 502 } = answer;
  const passed = Object.entries(answer.headers).filter(([name]) => !hopByHop.includes(name));
  outgoing.writeHead(statusCode, {
    ...Object.fromEntries(passed),
    ...edgeHeaders(statusCode < 400 ? 'Miss' : 'Error'),
  });
  answer.on('error', () => outgoing.destroy());
  outgoing.on('close', () => answer.destroy());
  answer.pipe(outgoing);
}

/**
 * A stand-in for a CloudFront distribution before the bucket: it serves what a signed URL names, and nothing else. It caches
 * nothing. It listens on `localhost`, as the bucket does.
 */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  let origin = '';
  const { port, servers } = await listen(['127.0.0.1', '::1'], options.port, (incoming, outgoing) => {
    serve(incoming, outgoing, origin, options)
      .catch(() => {
        if (outgoing.headersSent) outgoing.destroy();
        else refuse(outgoing, { status: 502, code: 'BadGateway', message: 'CloudFront cannot connect to the origin.' });
      })
      .finally(() => dropBody(incoming));
  });
  origin = `http://localhost:${port}`;
  return {
    origin,
    async close() {
      await Promise.all(
        servers.map(
          (server) =>
            new Promise((resolve) => {
              server.close(resolve);
              server.closeAllConnections();
            }),
        ),
      );
    },
  };
}
