import * as http from 'node:http';
import { Transform } from 'node:stream';

export interface CountingProxy {
  readonly endpoint: string;
  /** Part numbers of the uploads that passed and were answered 200, in that order. */
  readonly parts: number[];
  /**
   * What becomes of a part: `hold` never answers, `drop` ends the connection, `refuse` answers as an expired URL does, `alter`
   * sends other bytes on.
   */
  onPart: (partNumber: number) => 'pass' | 'hold' | 'drop' | 'refuse' | 'alter';
  /** Whether a part may come with its SHA-256; where not it is answered as Cloudflare R2 does. */
  takesSha256: boolean;
  /** Waits until a part is held. */
  readonly held: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const expired = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>';

const unimplemented =
  '<?xml version="1.0"?><Error><Code>NotImplemented</Code><Message>Header \'x-amz-checksum-sha256\' not implemented</Message></Error>';

const otherBytes = (): Transform =>
  new Transform({
    transform: (chunk: Buffer, _, done) => done(null, Buffer.alloc(chunk.length, '!')),
  });

/** Stands before an S3 server, hands everything through as it is (signatures name the host that the client knows), and counts parts. */
export async function countingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(target);
  const parts: number[] = [];
  let onHeld = (): void => {};
  let isHeld = false;
  const server = http.createServer((request, response) => {
    const { method, url = '', headers } = request;
    const partNumber = Number(/[?&]partNumber=(\d+)/.exec(url)?.[1] ?? 0);
    // What is under uploads/ is the function's own question to the store.
    const isPart = method === 'PUT' && partNumber > 0 && !url.includes('/uploads/');
    const fate = isPart ? proxy.onPart(partNumber) : 'pass';
    if (!proxy.takesSha256 && partNumber > 0 && headers['x-amz-checksum-sha256'] !== undefined) {
      request
        .resume()
        .on('end', () => response.writeHead(501, { 'content-type': 'application/xml' }).end(unimplemented));
      return;
    }
    if (fate === 'hold') {
      isHeld = true;
      onHeld();
      return;
    }
    if (fate === 'drop') {
      request.destroy();
      return;
    }
    if (fate === 'refuse') {
      request.resume().on('end', () => response.writeHead(403, { 'content-type': 'application/xml' }).end(expired));
      return;
    }
    const onward = http.request({ hostname, port, method, path: url, headers, agent: false }, (answer) => {
      if (isPart && answer.statusCode === 200) parts.push(partNumber);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.on('error', () => onward.destroy());
    if (fate === 'alter') request.pipe(otherBytes()).pipe(onward);
    else request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: CountingProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as { readonly port: number }).port}`,
    parts,
    onPart: () => 'pass',
    takesSha256: true,
    held: () =>
      new Promise((resolve) => {
        onHeld = resolve;
        if (isHeld) resolve();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}
