import { type Command, InvalidArgumentError } from 'commander';
import { keyThumbprint } from '../../../lambda/auth/public-key.ts';
import type { RevocationList, Revoked } from '../../api/answers.ts';
import {
  assertEnd,
  clockLeeway,
  type DenialEntry,
  type DenialKind,
  declaredValue,
  denialKinds,
  latestEnd,
} from '../../domain/deny-list.ts';
import { InvalidInput } from '../../domain/problem.ts';
import { readText } from '../files.ts';
import { escapeControls } from '../text.ts';
import { readPublicKey, tokenAlgorithm } from '../token/keys.ts';
import { readToken } from '../token/read-token.ts';
import {
  type AddCommand,
  connect,
  day,
  dryRunOption,
  duration,
  type Globals,
  maxDays,
  moment,
  type ProgramOptions,
  print,
} from './context.ts';

/** @param seconds since 1970; other tools may write such as no calendar has */
function timeText(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}

function subjectText(entry: Partial<DenialEntry>): string {
  const [kind = 'jti'] = denialKinds.filter((one) => entry[one] !== undefined);
  const value = entry[kind] ?? '';
  return escapeControls(kind === 'issuedBefore' ? `issued before ${timeText(Number(value))}` : `${kind} ${value}`);
}

const endText = ({ until }: Partial<DenialEntry>): string => (until === undefined ? '' : ` until ${timeText(until)}`);

function revocationText(entry: DenialEntry): string {
  const { at, by, reason } = entry;
  const made = [at === undefined ? '' : ` at ${at}`, by === undefined ? '' : ` by ${by}`].join('');
  return `${subjectText(entry)}${endText(entry)}${escapeControls(`${made}${reason === undefined ? '' : `: ${reason}`}`)}`;
}

const deeds = { revoke: 'revoked', unrevoke: 'taken back' } as const;
const rehearsed = { revoke: 'revoke', unrevoke: 'take back' } as const;

function revokedText({ action, fresh, revocation }: Revoked, dryRun = false): string {
  const what = `${subjectText(revocation)}${endText(revocation)}`;
  if (!fresh) return action === 'revoke' ? `is so already: ${what}` : `nothing to do: ${what} is not revoked`;
  if (dryRun) return `dry run: would ${rehearsed[action]} ${what}`;
  const handedOut = action === 'revoke' ? ' URLs handed out before live up to 15 minutes.' : '';
  const key =
    action === 'revoke' && revocation.kid !== undefined
      ? "\nWhoever has the key can still make tokens: take it out of the service's keys before this entry ends."
      : '';
  return `${deeds[action]}: ${what}\nIt takes effect within the API's maximum age, 30 s by default.${handedOut}${key}`;
}

type Selectors = { readonly [Kind in DenialKind]?: string | number } & {
  readonly token?: string;
  readonly key?: string;
};

interface RevokeFlags extends Globals, Selectors {
  readonly until?: number;
  readonly reason?: string;
  readonly undo?: boolean;
  readonly dryRun?: boolean;
}

/** What is denied, and when the last token of that kind expires, where that is known. */
interface Subject {
  readonly kind: DenialKind;
  readonly value: string | number;
  readonly expiresAt?: number | undefined;
}

async function subjectOf(flags: Selectors, stdin: ProgramOptions['stdin']): Promise<Subject> {
  const given = ([...denialKinds, 'token', 'key'] as const).filter((name) => flags[name] !== undefined);
  const [name] = given;
  const value = name === undefined ? undefined : flags[name];
  if (name === undefined || value === undefined || given.length > 1)
    throw new InvalidInput(
      'jti',
      'Give exactly one of --jti, --sub, --kid, --sha256, --issued-before, --token and --key.',
    );
  if (name === 'key') {
    const path = String(value);
    const key = readPublicKey(await readText(path, stdin, 'The file of --key'), 'The file of --key');
    tokenAlgorithm(key);
    return { kind: 'kid', value: keyThumbprint(key) };
  }
  if (name !== 'token') return { kind: name, value };
  const { sha256, payload } = readToken(await readText(String(value), stdin, 'The file of --token'));
  return { kind: 'sha256', value: sha256, expiresAt: typeof payload.exp === 'number' ? payload.exp : undefined };
}

/** @param now seconds since 1970 */
function endOf({ expiresAt }: Subject, until: number | undefined, now: number): number {
  if (expiresAt !== undefined && expiresAt + day <= now)
    throw new InvalidInput('token', 'The token has expired: nobody gets in with it any more.');
  if (until === undefined && expiresAt === undefined)
    throw new InvalidInput(
      'until',
      'Give --until, such as --until 90d: after the last of these tokens expires, or it lets them in again, and not for ever, or the list only grows.',
    );
  if (until !== undefined && expiresAt !== undefined && until < expiresAt + clockLeeway)
    throw new InvalidInput(
      'until',
      'The token is good for longer than --until, and would let its bearer in again: leave --until out.',
    );
  const end = until ?? Math.min(Math.ceil(expiresAt ?? 0) + day, latestEnd);
  assertEnd(end, now);
  return end;
}

async function revoke(options: ProgramOptions, flags: RevokeFlags): Promise<void> {
  const { until, reason, undo = false, dryRun } = flags;
  const now = Math.floor(options.now() / 1_000);
  if (undo && (until !== undefined || reason !== undefined))
    throw new InvalidInput('undo', '--undo takes neither --until nor --reason.');
  const subject = await subjectOf(flags, options.stdin);
  if (subject.kind === 'issuedBefore' && Number(subject.value) > now + clockLeeway)
    throw new InvalidInput(
      'issuedBefore',
      '--issued-before must not be in the future: it would deny tokens that are not made yet.',
    );
  const selected = { [subject.kind]: declaredValue(subject.kind, subject.value, now) };
  const rest = undo ? { undo } : { until: endOf(subject, until, now), reason };
  const api = await connect(options, flags);
  const body = { operation: options.operation(), ...selected, ...rest, dryRun };
  const revoked = await api.post<Revoked>('/publish/revocations', body);
  print(options, flags, revoked, revokedText(revoked, dryRun));
}

/** Whoever means a later day than a duration gives writes its date. @param now milliseconds since 1970 */
function endOption(text: string, now: number): number {
  const start = Math.floor(now / 1_000);
  const isDuration = /^\d+[mhd]$/.test(text);
  let end: number;
  try {
    end = isDuration ? start + duration(text) : moment(text);
  } catch {
    throw new InvalidArgumentError(
      'It must be a day such as 2026-12-31, a time with its zone, or a duration such as 90d.',
    );
  }
  if (isDuration && end - start > maxDays * day)
    throw new InvalidArgumentError(`A duration must be at most ${maxDays}d; what ends later is given as a day.`);
  return end;
}

export const tokenRevokeCommand: AddCommand = (token, options) => {
  token
    .command('revoke')
    .description('refuse tokens before they expire')
    .option('--jti <id>', 'the token with this id')
    .option('--sub <subject>', 'all of this subject')
    .option('--kid <id>', 'all of the key with this id, which keygen and inspect print')
    .option('--key <file>', 'all of the key in this file: its public or its private half')
    .option('--sha256 <hash>', 'the token that "revocations" lists by this hash')
    .option('--issued-before <date>', 'all that are older than this', moment)
    .option('--token <file>', 'the token in this file; "-" is standard input')
    .option('--until <date>', 'when the last of them has expired: a date or 90d; known with --token', (text) =>
      endOption(text, options.now()),
    )
    .option('--reason <text>', 'why, for those who look at the list')
    .option('--undo', 'take it back')
    .option(...dryRunOption)
    .action((_: unknown, command: Command) => revoke(options, command.optsWithGlobals<RevokeFlags>()));
};

export const tokenRevocationsCommand: AddCommand = (token, options) => {
  token
    .command('revocations')
    .description('list what is revoked, newest first')
    .action(async (_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals>();
      const api = await connect(options, flags);
      const revocations: DenialEntry[] = [];
      let after: string | undefined;
      do {
        const page = await api.get<RevocationList>('/publish/revocations', after === undefined ? {} : { after });
        revocations.push(...page.revocations);
        after = page.next;
      } while (after !== undefined);
      const text = revocations.length === 0 ? 'Nothing is revoked.' : revocations.map(revocationText).join('\n');
      print(options, flags, { revocations }, text);
    });
};
