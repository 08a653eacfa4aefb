import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** The file of a certificate for `localhost` that tests alone use, for `NODE_EXTRA_CA_CERTS`. */
export const localhostCertificate = fixture('localhost-certificate.pem');

/** What a server needs to be `localhost` over TLS. */
export const localhostTls = {
  key: readFileSync(fixture('localhost-key.pem')),
  cert: readFileSync(localhostCertificate),
} as const;
