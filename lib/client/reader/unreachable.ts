import type { NoAnswer } from './ask.ts';
import { type ReaderFinding, type ReaderKind, readerFinding } from './reader-finding.ts';

const certificate =
  'Its certificate is not one that this machine trusts. Behind a proxy that opens TLS, give Nix the proxy\'s certificate ("ssl-cert-file"); otherwise tell the operator.';

const knownFixes: Readonly<Record<string, string>> = {
  ENOTFOUND: 'DNS does not know this name: check how it is spelt, the resolver and the VPN.',
  EAI_AGAIN: 'DNS does not answer: check the network and the resolver.',
  ECONNREFUSED: 'Nothing listens there: check host and port, and whether the service runs.',
  EPROTO: 'No TLS is spoken there: check http against https, and the port.',
  CERT_HAS_EXPIRED: certificate,
  DEPTH_ZERO_SELF_SIGNED_CERT: certificate,
  SELF_SIGNED_CERT_IN_CHAIN: certificate,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: certificate,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: certificate,
  ERR_TLS_CERT_ALTNAME_INVALID: 'Its certificate is for another name: check the host in the URL.',
};

/** Of an address that gave no answer. */
export function unreachable(kind: ReaderKind, { origin }: URL, { code, proxy }: NoAnswer): ReaderFinding {
  if (proxy !== undefined)
    return readerFinding(
      'proxy',
      origin,
      `There is no answer without the proxy that ${proxy} names (${code}). Nix asks through it, this check does not, so it cannot tell.`,
      `See whether there is one through it: curl -I ${origin}`,
    );
  return readerFinding(
    kind,
    origin,
    `There is no answer (${code}).`,
    knownFixes[code] ?? 'Check the network and the firewalls between this machine and that one.',
  );
}
