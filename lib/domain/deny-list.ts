import { isObject } from './is-object.ts';

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
