import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { localhostTls } from '../../support/localhost-tls.ts';

export interface S3OverTls {
  readonly endpoint: string;
  readonly close: () => void;
}

/**
 * Answers requests for a catalog of these channels, all of them public, for their records and their releases, over TLS;
 * `localhostCertificate` is to be trusted. It is Secrets Manager too, and has one secret.
 */
export async function startS3OverTls(channels: readonly string[], secret = ''): Promise<S3OverTls> {
  const catalog = JSON.stringify({ channels, public: channels });
  const server = createServer(localhostTls, (request, response) => {
    const name = new URL(request.url ?? '', 'https://localhost').pathname.split('/').at(-1) ?? '';
    if (request.method === 'POST') {
      response.end(JSON.stringify({ SecretString: secret }));
      return;
    }
    if (name === 'revoked.json') {
      response.writeHead(404).end('<Code>NoSuchKey</Code>');
      return;
    }
    const record = JSON.stringify({ latest: `${name.replace(/\.json$/, '')}-1`, previous: [] });
    const body = name === 'channels.json' ? catalog : record;
    const length = Buffer.byteLength(body);
    response.writeHead(200, {
      etag: '"e"',
      'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
      'content-length': length,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, 'localhost', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `https://localhost:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
