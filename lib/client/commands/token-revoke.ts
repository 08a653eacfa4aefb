import { type Command, InvalidArgumentError } from 'commander';
import type { RevocationList, Revoked } from '../../api/answers.ts';
import {
  assertEnd,
  clockLeewaySeconds,
  type DenialEntry,
  type DenialKind,
  declaredValue,
  denialKinds,
  maxUntil,
} from '../../domain/deny-list.ts';
import { escapeControls } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';
import { pages } from '../api/http.ts';
import { readText } from '../files.ts';
import {
  type AddCommand,
  connect,
  day,
  dryRunOption,
  duration,
  type Globals,
  helpEnding,
  maxDays,
  moment,
  type ProgramOptions,
  print,
  tokenDocs,
  withinMaxAge,
  would,
} from './context.ts';

/** @param seconds since 1970; another tool may have written a time that no Date can hold */
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

function revokedText({ action, fresh, revocation }: Revoked, dryRun = false): string {
  const what = `${subjectText(revocation)}${endText(revocation)}`;
  const isRevocation = action === 'revoke';
  if (!fresh) return `nothing changed: ${what} is ${isRevocation ? 'already' : 'not'} revoked`;
  if (dryRun) return `${would(dryRun)}would ${isRevocation ? 'revoke' : 'undo the revocation of'} ${what}`;
  const issued = isRevocation ? ' URLs that were issued before stay valid for up to 15 minutes.' : '';
  const key =
    isRevocation && revocation.kid !== undefined
      ? "\nAnyone who has the key can still create tokens: remove it from the service's keys before this entry ends."
      : '';
  const deed = isRevocation ? 'revoked' : 'no longer revoked';
  return `${deed}: ${what}\nIt takes effect ${withinMaxAge}.${issued}${key}`;
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

/** What is revoked, and when the last of those tokens expires, if that is known. */
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
  if (name !== 'key' && name !== 'token') return { kind: name, value };
  if (name === 'key') {
    const path = String(value);
    const { keyIdOf, readPublicKey } = await import('../token/keys.ts');
    const key = readPublicKey(await readText(path, stdin, 'The file of --key'), 'The file of --key');
    return { kind: 'kid', value: keyIdOf(key) };
  }
  const { readToken } = await import('../token/inspect.ts');
  const { sha256, payload } = readToken(await readText(String(value), stdin, 'The file of --token'));
  return { kind: 'sha256', value: sha256, expiresAt: typeof payload.exp === 'number' ? payload.exp : undefined };
}

/** @param now seconds since 1970 */
function endOf({ expiresAt }: Subject, until: number | undefined, now: number): number {
  if (expiresAt !== undefined && expiresAt + day <= now)
    throw new InvalidInput('token', 'The token has expired, so it is refused anyway.');
  if (until === undefined && expiresAt === undefined)
    throw new InvalidInput(
      'until',
      'Give --until, such as --until 90d: a time after the last of these tokens expires. Until then the entry stays in the list.',
    );
  if (until !== undefined && expiresAt !== undefined && until < expiresAt + clockLeewaySeconds)
    throw new InvalidInput(
      'until',
      'The token is valid for longer than --until, and would be accepted again: leave --until out.',
    );
  const end = until ?? Math.min(Math.ceil(expiresAt ?? 0) + day, maxUntil);
  assertEnd(end, now);
  return end;
}

async function revoke(options: ProgramOptions, flags: RevokeFlags): Promise<void> {
  const { until, reason, undo = false, dryRun } = flags;
  const now = Math.floor(options.now() / 1_000);
  if (undo && (until !== undefined || reason !== undefined))
    throw new InvalidInput('undo', '--undo takes neither --until nor --reason.');
  const subject = await subjectOf(flags, options.stdin);
  if (subject.kind === 'issuedBefore' && Number(subject.value) > now + clockLeewaySeconds)
    throw new InvalidInput(
      'issuedBefore',
      '--issued-before must not be in the future: it would refuse tokens that do not exist yet.',
    );
  const selected = { [subject.kind]: declaredValue(subject.kind, subject.value, now) };
  const rest = undo ? { undo } : { until: endOf(subject, until, now), reason };
  const api = await connect(options, flags);
  const body = { operation: options.operation(), ...selected, ...rest, dryRun };
  const revoked = await api.post<Revoked>('/publish/revocations', body);
  print(options, flags, revoked, revokedText(revoked, dryRun));
}

/** @param now milliseconds since 1970 */
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
    throw new InvalidArgumentError(`A duration must be at most ${maxDays}d; give a later end as a date.`);
  return end;
}

export const tokenRevokeCommand: AddCommand = (token, options) => {
  token
    .command('revoke')
    .description('refuse tokens before they expire')
    .option('--jti <id>', 'the token with this ID')
    .option('--sub <subject>', 'all tokens of this subject')
    .option('--kid <id>', 'all tokens of the key with this ID, which keygen and inspect print')
    .option('--key <file>', 'all tokens of the public or private key in this file')
    .option('--sha256 <hash>', 'the token with this hash, as "revocations" and "inspect" print it')
    .option('--issued-before <date>', 'all tokens that were issued before this time', moment)
    .option('--token <file>', 'the token in this file; "-" is standard input')
    .option(
      '--until <date>',
      'when the last of them has expired, such as 2026-12-31 or 90d; not needed with --token',
      (text) => endOption(text, options.now()),
    )
    .option('--reason <text>', 'why; shown in the list')
    .option('--undo', 'undo the revocation')
    .option(...dryRunOption)
    .addHelpText(
      'after',
      helpEnding(
        [
          "channelctl token revoke --token token --reason 'was in a log'",
          'channelctl token revoke --sub ci --until 90d',
        ],
        tokenDocs,
      ),
    )
    .action((_: unknown, command: Command) => revoke(options, command.optsWithGlobals<RevokeFlags>()));
};

export const tokenRevocationsCommand: AddCommand = (token, options) => {
  token
    .command('revocations')
    .description('list the revocations, newest first')
    .addHelpText('after', helpEnding(['channelctl token revocations'], tokenDocs))
    .action(async (_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals>();
      const api = await connect(options, flags);
      const revocations: DenialEntry[] = [];
      for await (const page of pages((after?: string) => api.get<RevocationList>('/publish/revocations', { after })))
        revocations.push(...page.revocations);
      const text = revocations.length === 0 ? 'Nothing is revoked.' : revocations.map(revocationText).join('\n');
      print(options, flags, { revocations }, text);
    });
};
