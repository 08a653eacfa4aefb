import { type ReaderFinding, readerFinding } from './reader-finding.ts';

export interface LinkCheck {
  readonly findings: readonly ReaderFinding[];
  /** What Nix would lock. */
  readonly locked?: URL;
}

/** As Nix takes it, and nothing else (Nix manual, `protocols/tarball-fetcher`; src/libfetchers/tarball.cc). */
const form = /^<([^>]*)>; rel="immutable"$/i;

/**
 * What Nix would make of a channel's Link.
 * @param subject the channel's address
 * @param base of the address that was asked
 */
export function checkLink(subject: string, base: string, link: string | undefined): LinkCheck {
  if (link === undefined)
    return {
      findings: [
        readerFinding(
          'link-missing',
          subject,
          'The answer has no Link, so Nix locks the channel itself: the lock breaks with the next release.',
          'If there is a proxy in front of the service, let it pass the Link header on; otherwise tell the operator.',
        ),
      ],
    };
  const [, target = ''] = form.exec(link) ?? [];
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    return {
      findings: [
        readerFinding(
          'link-form',
          subject,
          `Nix ignores or refuses its Link, which is not exactly <URL>; rel="immutable": ${link.slice(0, 300)}`,
          'If there is a proxy in front of the service, let it leave the Link header as it is; otherwise tell the operator.',
        ),
      ],
    };
  if (url.href.startsWith(`${base}/permanent/`)) return { findings: [], locked: url };
  return {
    findings: [
      readerFinding(
        'base-url',
        subject,
        `Locks would hold addresses under ${url.origin}${url.pathname.replace(/\/permanent\/.*$/, '')}, not under ${base}: they live as long as that name, and netrc matches by host.`,
        `Use that address in your flake; if it is wrong, the operator sets the base URL (baseUrl, BASE_URL) to ${base}.`,
      ),
    ],
    locked: url,
  };
}
