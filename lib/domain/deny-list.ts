import { isObject } from './names.ts';
import { InvalidInput } from './problem.ts';
import type { Author } from './record-changes.ts';

export const denyListKey = 'revoked.json';

/** What a token is recognised by. `issuedBefore` is seconds since 1970; `sha256` is of the token's `header.payload`. */
export const denialKinds = ['jti', 'sub', 'kid', 'sha256', 'issuedBefore'] as const;
export type DenialKind = (typeof denialKinds)[number];

/** One entry of the deny list. */
export interface Denial {
  readonly kind: DenialKind;
  /** Hexadecimal and lower case for sha256; a number for issuedBefore alone. */
  readonly value: string | number;
  /** Seconds since 1970: from then on the entry denies nothing, and the next writer drops it. */
  readonly until: number;
  readonly reason?: string;
  /** ISO 8601, and the ARN of who made the entry. */
  readonly at?: string;
  readonly by?: string;
  readonly operation?: string;
}

/** An entry as it is written, and as the API takes and gives it: `{"jti": "…", "until": 1798761600, …}`. */
export type DenialEntry = { readonly [Kind in DenialKind]?: string | number } & Omit<Denial, 'kind' | 'value'>;

/** The deny list, `revoked.json`: `{"revoked": [{"jti": "…", "until": 1798761600, …}, …]}`, oldest first. */
export interface DenyList {
  readonly denials: readonly Denial[];
  /** Keys that a verifier does not read, `history` among them; kept as they are. */
  readonly others: Readonly<Record<string, unknown>>;
}

export const emptyDenyList: DenyList = { denials: [], others: {} };

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

const optionalText = ['reason', 'at', 'by', 'operation'] as const;

/** Throws where the entry is not understood: a denial that is passed over would let somebody in. */
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

/** Throws an Error that says what is wrong, and never what stands in the list. */
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

/** Without the entries whose time is over. @param now seconds since 1970 */
export const withoutExpired = (list: DenyList, now: number): DenyList => ({
  ...list,
  denials: list.denials.filter(({ until }) => until > now),
});

const keptChanges = 200;

type Subject = Pick<Denial, 'kind' | 'value'>;

/** One operation on the deny list. Verifiers do not read it. */
interface DenyListChange extends Author {
  readonly action: 'revoke' | 'unrevoke';
  readonly kind: DenialKind;
  readonly value: string | number;
}

const isChange = (value: unknown): value is DenyListChange => {
  if (typeof value !== 'object' || value === null) return false;
  const { action, operation, at, by, kind } = value as Partial<DenyListChange>;
  return ['revoke', 'unrevoke'].includes(action ?? '') && [operation, at, by, kind].every((text) => text !== undefined);
};

/** The newest changes, oldest first; what is damaged is dropped. */
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
  const history = [...historyOf(list), { action, kind, value, ...author }].slice(-keptChanges);
  return { denials, others: { ...list.others, history } };
}

/**
 * The list with an entry more, or with one that ends later: no entry is ever shortened. Undefined where what is asked for is
 * so already.
 */
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

const longestValue = 1_024;

/** Seconds since 1970: the last of the year 9999. What is later was meant in milliseconds. */
export const maxUntil = 253_402_300_799;

/** Seconds: by how much clocks may differ, at the most. */
export const clockLeewaySeconds = 300;

/** What a text must be to deny by it; gives it as it stands in the list. */
function declaredText(kind: DenialKind, text: string): string {
  const broken = (rule: string): InvalidInput => new InvalidInput(kind, `${kind} must ${rule}.`);
  if (text === '') throw broken('not be empty');
  if (text.length > longestValue) throw broken(`be at most ${longestValue} characters long`);
  if (/\p{Cc}/u.test(text)) throw broken('have no control characters');
  if (kind !== 'sha256') return text;
  if (!/^[0-9a-f]{64}$/i.test(text)) throw broken('be 64 hexadecimal digits');
  return text.toLowerCase();
}

/**
 * What somebody wants to deny by; throws where it breaks a rule.
 *
 * @param now seconds since 1970
 */
export function declaredValue(kind: DenialKind, value: string | number, now: number): string | number {
  if (typeof value === 'string') return declaredText(kind, value);
  if (value > now + clockLeewaySeconds)
    throw new InvalidInput(
      kind,
      `${kind} must not be in the future: it would deny tokens that are not made yet. It is in seconds since 1970.`,
    );
  return value;
}

/** Throws unless an entry may end then. @param now seconds since 1970 */
export function assertEnd(until: number, now: number): void {
  if (until <= now) throw new InvalidInput('until', 'until must be in the future: what is over denies nothing.');
  if (until > maxUntil) throw new InvalidInput('until', 'until must be in seconds since 1970.');
}
