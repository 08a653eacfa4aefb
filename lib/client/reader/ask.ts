import { readFile } from 'node:fs/promises';
import * as tls from 'node:tls';
import type { Exchange, Send } from '../api/http.ts';
import { nixSetting } from '../netrc/find.ts';
import { type ReaderFinding, type ReaderKind, readerFinding } from './reader-finding.ts';

/** Whether an entry of `no_proxy` is this host or a domain above it. */
const covers = (entry: string, hostname: string): boolean => {
  const domain = entry.trim().replace(/^\./, '');
  return domain === '*' || (domain !== '' && `.${hostname}`.endsWith(`.${domain}`));
};

/** The variable that names a proxy to curl, and so to Nix, for an address; undefined without one (curl(1), "Environment"). */
export function proxyVariable(
  { protocol, hostname }: URL,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const direct = environment.no_proxy || environment.NO_PROXY || '';
  if (direct.split(',').some((entry) => covers(entry, hostname))) return undefined;
  const names = protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy'];
  return [...names, 'all_proxy', 'ALL_PROXY'].find((name) => environment[name]);
}

export interface Answer {
  readonly status: number;
  /** The beginning of its text. */
  readonly text: string;
  readonly contentType: string;
  readonly link: string | undefined;
  readonly location: string | undefined;
  /** The size of the whole object in bytes, if the answer has a part of it. */
  readonly wholeSize: number | undefined;
  /** By how much this machine's clock is ahead; undefined if the answer has no date. */
  readonly skewMs: number | undefined;
}

export interface NoAnswer {
  readonly code: string;
  /** The environment variable that names a proxy for the address. This check does not use the proxy. */
  readonly proxy: string | undefined;
}

export interface AskOptions {
  readonly send: Send;
  readonly now: () => number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Certificates in PEM; Node's own otherwise. */
  readonly authorities?: readonly string[] | undefined;
}

/** Sends one request; follows no redirect. */
export type Ask = (
  method: 'GET' | 'HEAD',
  url: URL,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer | NoAnswer>;

/** The gateway itself waits 30 s. */
const idleTimeoutMs = 35_000;
/** Nix shows at most 1024 bytes. */
const maxBodyBytes = 2_048;

const one = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.join(', ');

const sizeIn = (contentRange: string | undefined): number | undefined => {
  const [, size] = /^bytes \d+-\d+\/(\d{1,15})$/.exec(contentRange ?? '') ?? [];
  return size === undefined ? undefined : Number(size);
};

export const createAsk =
  ({ send, now, environment, authorities }: AskOptions): Ask =>
  async (method, url, headers = {}) => {
    const exchange: Exchange = {
      method,
      url,
      headers: { accept: '*/*', ...headers },
      idleTimeoutMs,
      maxBodyBytes,
      authorities,
    };
    try {
      const begun = now();
      const { status, body, headers: answered = {} } = await send(exchange);
      const date = Date.parse(answered.date ?? '');
      // The date lies between request and answer, cut to the second.
      const ahead = begun > date ? Math.max(0, begun - date - 1_000) : Math.min(0, now() - date);
      return {
        status,
        text: body.trim(),
        contentType: answered['content-type'] ?? '',
        link: one(answered.link),
        location: answered.location,
        wholeSize: sizeIn(answered['content-range']),
        skewMs: Number.isNaN(date) ? undefined : ahead,
      };
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string };
      return { code: code ?? message ?? 'unknown', proxy: proxyVariable(url, environment) };
    }
  };

/** Node before 22.15 has no getCACertificates, and ignores `NODE_EXTRA_CA_CERTS` if `ca` is set. */
const ownCertificates = (): readonly string[] =>
  (tls as Partial<typeof tls>).getCACertificates?.('default') ?? tls.rootCertificates;

/** The authorities that Nix trusts, with Node's own; undefined if no setting names a file (Nix manual, `ssl-cert-file`). */
export async function findCertificates(environment: AskOptions['environment']): Promise<readonly string[] | undefined> {
  const { NIX_SSL_CERT_FILE, SSL_CERT_FILE } = environment;
  const path = (await nixSetting('ssl-cert-file', environment)) ?? (NIX_SSL_CERT_FILE || SSL_CERT_FILE);
  const pem = path ? await readFile(path, 'utf8').catch(() => undefined) : undefined;
  return pem === undefined ? undefined : [...ownCertificates(), pem];
}

const certificate =
  'This machine does not trust its certificate. Behind a proxy that intercepts TLS, give Nix the certificate of the proxy ("ssl-cert-file"); otherwise tell the operator.';

const knownFixes: Readonly<Record<string, string>> = {
  ENOTFOUND: 'DNS does not know this name: check the spelling, the resolver and the VPN.',
  EAI_AGAIN: 'DNS does not answer: check the network and the resolver.',
  ECONNREFUSED: 'Nothing listens there: check the host and the port, and whether the service runs.',
  EPROTO: 'The server does not use TLS: check http or https, and the port.',
  CERT_HAS_EXPIRED: certificate,
  DEPTH_ZERO_SELF_SIGNED_CERT: certificate,
  SELF_SIGNED_CERT_IN_CHAIN: certificate,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: certificate,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: certificate,
  ERR_TLS_CERT_ALTNAME_INVALID: 'Its certificate is for another name: check the host in the URL.',
};

export const isCertificate = (code: string): boolean => knownFixes[code] === certificate;

/** What to do about an address that gives no answer, by the error's code. */
export const fixOf = (code: string): string => knownFixes[code] ?? 'Check the network and the firewalls on the way.';

/** The finding for an address that gave no answer. */
export function unreachable(kind: ReaderKind, { origin }: URL, { code, proxy }: NoAnswer): ReaderFinding {
  if (proxy !== undefined)
    return readerFinding(
      'proxy',
      origin,
      `There is no answer without the proxy that ${proxy} names (${code}). Nix uses the proxy and this check does not, so it cannot tell whether Nix can read.`,
      `Check it through the proxy: curl -I ${origin}`,
    );
  return readerFinding(kind, origin, `There is no answer (${code}).`, fixOf(code));
}
