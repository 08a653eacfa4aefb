import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface S3OverTls {
  readonly endpoint: string;
  /** The file of the certificate that clients must trust. */
  readonly certificate: string;
  readonly close: () => void;
}

/** Answers GETs of a catalog of so many channels and of their records, over TLS with a certificate made for it by openssl. */
export async function startS3OverTls(directory: string, channels: readonly string[]): Promise<S3OverTls> {
  const key = join(directory, `key-${channels.length}.pem`);
  const certificate = join(directory, `certificate-${channels.length}.pem`);
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-keyout', key, '-out', certificate, ...subject],
  ]);
  const catalog = JSON.stringify({ channels });
  const server = createServer({ key: await readFile(key), cert: await readFile(certificate) }, (request, response) => {
    const name = new URL(request.url ?? '', 'https://localhost').pathname.split('/').at(-1) ?? '';
    const record = JSON.stringify({ latest: `${name.replace(/\.json$/, '')}-1`, previous: [] });
    response.writeHead(200, { etag: '"e"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' });
    response.end(name === 'channels.json' ? catalog : record);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, 'localhost', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `https://localhost:${port}`,
    certificate,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
