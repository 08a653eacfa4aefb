import { quoted } from '../../domain/names.ts';
import type { LockedInput } from './locked-inputs.ts';
import { type ReaderFinding, readerFinding } from './reader-finding.ts';

/** The signature of a presigned URL, in either spelling. */
const isPresigned = ({ searchParams }: URL): boolean =>
  ['X-Amz-Signature', 'x-amz-signature'].some((name) => searchParams.has(name));

export const inputSubject = ({ name, path }: LockedInput): string => `input ${quoted(path ?? name)}`;

/** Whether the lock of an input can live, as far as its address tells. */
export function checkLock(input: LockedInput, base: string): ReaderFinding[] {
  const { locked, hadCredentials } = input;
  const subject = inputSubject(input);
  const update = `Lock it again: nix flake update${input.path === undefined ? '' : ` ${quoted(input.path)}`}.`;
  const found: ReaderFinding[] = [];
  if (hadCredentials)
    found.push(
      readerFinding(
        'lock-credentials',
        subject,
        'Its address holds credentials, and everybody with the flake has them.',
        'Have the token revoked, take it out of the address, and run channelctl login.',
      ),
    );
  if (isPresigned(locked))
    found.push(
      readerFinding(
        'lock-expiring',
        subject,
        'It locks a presigned URL, which lives for minutes.',
        `Give the tool the address under /channel/. ${update}`,
      ),
    );
  else if (locked.href.startsWith(`${base}/channel/`))
    found.push(
      readerFinding(
        'lock-floating',
        subject,
        'It locks the channel itself, not a release: it breaks with the next one. Nix got no Link that it takes, or takes this for a plain file.',
        `Nix locks tarballs alone. ${update}`,
      ),
    );
  else if (!locked.href.startsWith(`${base}/permanent/`))
    found.push(
      readerFinding(
        'lock-elsewhere',
        subject,
        `It locks an address under ${locked.origin}, not under ${base}/permanent/.`,
        `If the base URL has changed since, ${update.charAt(0).toLowerCase()}${update.slice(1)}`,
      ),
    );
  return found;
}
