import { credibleFacts, type ReleaseFacts } from './release.ts';

/** `+` is written as %2B: gateways and proxies read a bare one as a blank, and Ceph rejects it in a signature. */
export const permanentUrl = (base: string, key: string): string => `${base}/permanent/${encodeURIComponent(key)}`;

export const channelUrl = (base: string, channel: string, extension: string): string =>
  `${base}/channel/${encodeURIComponent(channel + extension)}`;

/**
 * The Link of the Lockable HTTP Tarball Protocol (Nix manual, `protocols/tarball-fetcher`). Nix accepts only this form:
 * one blank, these quotes, no other parameter.
 */
export function immutableLink(base: string, key: string, facts: ReleaseFacts): string {
  const query = (['rev', 'revCount', 'lastModified', 'narHash'] as const)
    .filter((name) => facts[name] !== undefined)
    .map((name) => `${name}=${encodeURIComponent(facts[name] as string | number)}`)
    .join('&');
  return `<${permanentUrl(base, key)}${query === '' ? '' : `?${query}`}>; rel="immutable"`;
}

/** What a Link of that protocol leads to, and what it says of it. */
export interface ImmutableLink {
  /** Without the facts, as Nix requests it. */
  readonly url: URL;
  /** Those that are valid: Nix drops what is not. */
  readonly facts: ReleaseFacts;
}

/** The target of a Link as Nix reads it (src/libfetchers/tarball.cc); undefined for a header in any other form. */
export const immutableTarget = (link: string): string | undefined => /^<([^>]*)>; rel="immutable"$/i.exec(link)?.[1];

const countIn = (text: string | null): number | undefined =>
  text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** Undefined where Nix ignores or refuses the Link. */
export function parseImmutableLink(link: string): ImmutableLink | undefined {
  const target = immutableTarget(link);
  const url = target !== undefined && URL.canParse(target) ? new URL(target) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol)) return undefined;
  // In a query of Nix `+` is a plus, and no blank.
  const query = new URLSearchParams(url.search.replaceAll('+', '%2B'));
  const facts = credibleFacts({
    rev: query.get('rev') ?? undefined,
    revCount: countIn(query.get('revCount')),
    lastModified: countIn(query.get('lastModified')),
    narHash: query.get('narHash') ?? undefined,
  });
  url.search = url.search
    .slice(1)
    .split('&')
    .filter((pair) => !/^(?:rev|revCount|lastModified|narHash)(?:=|$)/.test(pair))
    .join('&');
  url.hash = '';
  return { url, facts };
}

/** A base URL is an origin, possibly with a path, without a slash at the end. Undefined where the text is not a base URL. */
export function parseBaseUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol)) return undefined;
  // An empty query or fragment is not in `search` or `hash`, but it is in `href`.
  if (url.username !== '' || url.password !== '' || /[?#]/.test(url.href)) return undefined;
  return url.href.replace(/\/+$/, '');
}

/** Whether a host is this machine, so that nothing is sent over a wire. Other names and addresses of it do not count. */
export const isLoopback = ({ hostname }: Pick<URL, 'hostname'>): boolean =>
  ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
