import { isObject } from './names.ts';
import { InvalidInput } from './problem.ts';
import { maxChanges } from './record.ts';
import type { Author } from './record-changes.ts';

export const denyListKey = 'revoked.json';

/** What a token is denied by. `issuedBefore` is seconds since 1970; `sha256` is of the token's `header.payload`. */
export const denialKinds = ['jti', 'sub', 'kid', 'sha256', 'issuedBefore'] as const;
export type DenialKind = (typeof denialKinds)[number];

/** One entry of the deny list. */
export interface Denial {
  readonly kind: DenialKind;
  /** For sha256 hexadecimal in lower case, for issuedBefore a number, otherwise a string. */
  readonly value: string | number;
  /** Seconds since 1970: from then on the entry has no effect, and the next write drops it. */
  readonly until: number;
  readonly reason?: string;
  /** ISO 8601, and the ARN of who made the entry. */
  readonly at?: string;
  readonly by?: string;
  readonly operation?: string;
}

/** An entry as it is in the bucket and in the API: `{"jti": "…", "until": 1798761600, …}`. */
export type DenialEntry = { readonly [Kind in DenialKind]?: string | number } & Omit<Denial, 'kind' | 'value'>;

/** The deny list, `revoked.json`: `{"revoked": [{"jti": "…", "until": 1798761600, …}, …]}`, oldest first. */
export interface DenyList {
  readonly denials: readonly Denial[];
  /** Other keys, including `history`, kept unchanged. Verifiers do not read them. */
  readonly others: Readonly<Record<string, unknown>>;
}

export const emptyDenyList: DenyList = { denials: [], others: {} };

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

const optionalText = ['reason', 'at', 'by', 'operation'] as const;

/** Throws where the entry is invalid: to skip a denial would let somebody in. */
function parseDenial(entry: unknown, index: number): Denial {
  const broken = (rule: string): Error => new Error(`${denyListKey}: entry ${index} ${rule}`);
  if (!isObject(entry)) throw broken('is not an object');
  const kinds = denialKinds.filter((kind) => entry[kind] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) throw broken(`must have exactly one of ${denialKinds.join(', ')}`);
  const value = entry[kind];
  if (kind === 'issuedBefore' ? !isTime(value) : typeof value !== 'string' || value === '')
    throw broken(`has a "${kind}" of the wrong type`);
  if (kind === 'sha256' && !/^[0-9a-f]{64}$/.test(value as string))
    throw broken('has a "sha256" that is not 64 hexadecimal digits in lower case');
  if (!isTime(entry.until)) throw broken('has no "until" in seconds since 1970');
  const texts = optionalText
    .filter((key) => typeof entry[key] === 'string')
    .map((key) => [key, entry[key] as string] as const);
  return { kind, value: value as string | number, until: entry.until, ...Object.fromEntries(texts) };
}

/** Throws an Error that says what is wrong, and never quotes the list. */
export function parseDenyList(text: string): DenyList {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${denyListKey} is not JSON`);
  }
  if (!isObject(value)) throw new Error(`${denyListKey} is not an object`);
  const { revoked, ...others } = value;
  if (!Array.isArray(revoked)) throw new Error(`${denyListKey}: "revoked" is not a list`);
  return { denials: revoked.map(parseDenial), others };
}

export const denialEntry = ({ kind, value, ...rest }: Denial): DenialEntry => ({ [kind]: value, ...rest });

export const formatDenyList = ({ denials, others }: DenyList): string =>
  `${JSON.stringify({ revoked: denials.map(denialEntry), ...others }, null, 2)}\n`;

/** The list without the entries that have ended. @param now seconds since 1970 */
export const withoutExpired = (list: DenyList, now: number): DenyList => ({
  ...list,
  denials: list.denials.filter(({ until }) => until > now),
});

type Subject = Pick<Denial, 'kind' | 'value'>;

/** One operation on the deny list. Verifiers do not read it. */
interface DenyListChange extends Author {
  readonly action: 'revoke' | 'unrevoke';
  readonly kind: DenialKind;
  readonly value: string | number;
}

const isChange = (value: unknown): value is DenyListChange =>
  isObject(value) &&
  (value.action === 'revoke' || value.action === 'unrevoke') &&
  [value.operation, value.at, value.by, value.kind].every((field) => field !== undefined);

/** The newest changes, oldest first; damaged ones are dropped. */
const historyOf = ({ others: { history } }: DenyList): readonly DenyListChange[] =>
  Array.isArray(history) ? history.filter(isChange) : [];

export const denyListChangeOf = (list: DenyList, operation: string): DenyListChange | undefined =>
  historyOf(list).find((change) => change.operation === operation);

const isOf =
  ({ kind, value }: Subject) =>
  (denial: Denial): boolean =>
    denial.kind === kind && denial.value === value;

export const denialOf = ({ denials }: DenyList, subject: Subject): Denial | undefined => denials.find(isOf(subject));

function changed(
  list: DenyList,
  denials: readonly Denial[],
  action: DenyListChange['action'],
  { kind, value }: Subject,
  author: Author,
): DenyList {
  const history = [...historyOf(list), { action, kind, value, ...author }].slice(-maxChanges);
  return { denials, others: { ...list.others, history } };
}

/** The list with another entry, or with a later end for one: no entry is ever shortened. Undefined where nothing changes. */
export function withDenial(
  list: DenyList,
  asked: Subject & Pick<Denial, 'until' | 'reason'>,
  author: Author,
): DenyList | undefined {
  const there = denialOf(list, asked);
  if (there !== undefined && there.until >= asked.until) return undefined;
  const denials =
    there === undefined
      ? [...list.denials, { ...asked, ...author }]
      : list.denials.map((denial) => (isOf(asked)(denial) ? { ...there, ...asked } : denial));
  return changed(list, denials, 'revoke', asked, author);
}

/** The list without the entry. Undefined where it has none. */
export const withoutDenial = (list: DenyList, asked: Subject, author: Author): DenyList | undefined =>
  denialOf(list, asked) === undefined
    ? undefined
    : changed(
        list,
        list.denials.filter((denial) => !isOf(asked)(denial)),
        'unrevoke',
        asked,
        author,
      );

const maxValueLength = 1_024;

/** Seconds since 1970: the end of the year 9999. A larger number was meant in milliseconds. */
export const maxUntil = 253_402_300_799;

/** The difference between clocks that is tolerated. */
export const clockLeewaySeconds = 300;

/** Throws where the text cannot be denied by; returns it as it is in the list. */
function declaredText(kind: DenialKind, text: string): string {
  const broken = (rule: string): InvalidInput => new InvalidInput(kind, `${kind} must ${rule}.`);
  if (text === '') throw broken('not be empty');
  if (text.length > maxValueLength) throw broken(`be at most ${maxValueLength} characters long`);
  if (/\p{Cc}/u.test(text)) throw broken('have no control characters');
  if (kind !== 'sha256') return text;
  if (!/^[0-9a-f]{64}$/i.test(text)) throw broken('be 64 hexadecimal digits');
  return text.toLowerCase();
}

/**
 * Throws where the value cannot be denied by; returns it as it is in the list.
 *
 * @param now seconds since 1970
 */
export function declaredValue(kind: DenialKind, value: string | number, now: number): string | number {
  if (typeof value === 'string') return declaredText(kind, value);
  if (value > now + clockLeewaySeconds)
    throw new InvalidInput(
      kind,
      `${kind} must not be in the future: it would deny tokens that do not exist yet. It is in seconds since 1970.`,
    );
  return value;
}

/** Throws where an entry cannot end then. @param now seconds since 1970 */
export function assertEnd(until: number, now: number): void {
  if (until <= now)
    throw new InvalidInput('until', 'until must be in the future: an entry that has ended has no effect.');
  if (until > maxUntil) throw new InvalidInput('until', 'until must be in seconds since 1970.');
}
