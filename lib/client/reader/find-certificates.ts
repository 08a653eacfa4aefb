import { readFile } from 'node:fs/promises';
import * as tls from 'node:tls';
import { nixSetting } from '../nix-setting.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Node < 22.15 lacks it, and `NODE_EXTRA_CA_CERTS` counts there only where nothing is added. */
const ownCertificates = (): readonly string[] =>
  (tls as Partial<typeof tls>).getCACertificates?.('default') ?? tls.rootCertificates;

/** The authorities that Nix trusts, beside Node's own; undefined where nothing names a file of them (Nix manual, `ssl-cert-file`). */
export async function findCertificates(environment: Environment): Promise<readonly string[] | undefined> {
  const { NIX_SSL_CERT_FILE, SSL_CERT_FILE } = environment;
  const path = (await nixSetting('ssl-cert-file', environment)) ?? (NIX_SSL_CERT_FILE || SSL_CERT_FILE);
  const pem = path ? await readFile(path, 'utf8').catch(() => undefined) : undefined;
  return pem === undefined ? undefined : [...ownCertificates(), pem];
}
