import { escapeControls, isText, quoted } from './names.ts';
import { InvalidInput } from './problem.ts';
import type { ChannelRecord } from './record.ts';

/** What an operator says about a channel, for people. */
export interface About {
  readonly homepage?: string;
  readonly description?: string;
  /** Further names in the flake registry, such as `nixpkgs/nixos-25.05`. */
  readonly aliases?: readonly string[];
}

/** What is to be changed: null and an empty list remove what there is. */
export interface AboutChanges {
  readonly homepage?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly aliases?: readonly string[] | undefined;
}

const maxHomepageLength = 2_048;
const maxDescriptionLength = 500;
const maxAliasLength = 128;
export const maxAliases = 20;

/** One line, and nothing that changes how the text around it is shown. */
const isLine = (text: string): boolean => text.isWellFormed() && escapeControls(text) === text;

/** The rule that a homepage breaks, as the end of a sentence, or undefined. */
export function brokenHomepageRule(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // The parser drops blanks and control characters at the ends, and lines and tabs everywhere.
  if (url === undefined || /\s/.test(text) || !isLine(text)) return 'must be a URL such as https://example.org/project';
  if (!['https:', 'http:'].includes(url.protocol)) return 'must begin with https:// or http://';
  if (url.username !== '' || url.password !== '') return 'must not have a user name or a password';
  if (url.href.length > maxHomepageLength) return `must be at most ${maxHomepageLength} characters long`;
  return undefined;
}

/** The rule that a description breaks, as the end of a sentence, or undefined. */
export function brokenDescriptionRule(text: string): string | undefined {
  if (text.trim() === '') return 'must not be empty';
  if (text.length > maxDescriptionLength) return `must be at most ${maxDescriptionLength} characters long`;
  return isLine(text) ? undefined : 'must be one line without control characters';
}

/** How Nix names a flake in a registry. */
interface IndirectName {
  readonly type: 'indirect';
  readonly id: string;
  readonly ref?: string;
}

/**
 * Nix, `src/libflake/flakeref.cc` (`flakeIdRegexS`), `src/libutil/url-parts.hh` (`refRegexS`) and `src/libfetchers/indirect.cc`:
 * in a reference of this form a ref has no slash, and 40 hexadecimal digits are a rev. Nix 2.34 also wants a name that git takes for a
 * branch (`git check-ref-format`); 2.26 does not.
 */
const isRef = (text: string): boolean =>
  /^[A-Za-z0-9@][A-Za-z0-9_.+@-]*$/.test(text) && !/^[0-9a-f]{40}$|\.\.|\.$|\.lock$|^@$/i.test(text);

const isId = (text: string): boolean => /^[A-Za-z][A-Za-z0-9_-]*$/.test(text);

/** The rule that an alias breaks, as the end of a sentence, or undefined. */
export function brokenAliasRule(text: string): string | undefined {
  const [id = '', ref, ...more] = text.split('/');
  if (text.length > maxAliasLength) return `must be at most ${maxAliasLength} characters long`;
  if (!isId(id)) return 'must begin with an id: a letter, then letters, digits, "_" and "-"';
  if (more.length > 0) return 'must be an id or an id, a slash and a ref';
  return ref === undefined || isRef(ref)
    ? undefined
    : 'must have a ref of letters, digits and "_ . + @ -" that is not a rev and that git takes for the name of a branch';
}

/** @param alias one that breaks no rule */
export function indirectAlias(alias: string): IndirectName {
  const [id = '', ref] = alias.split('/');
  return { type: 'indirect', id, ...(ref === undefined ? {} : { ref }) };
}

/**
 * How the registry names a channel: by an id, or by an id and a ref where the name has characters that no id has. `nixos-25.05` is
 * `nixos/25.05`: the id ends at the last hyphen before the first character that an id cannot have. Undefined where the name
 * has no such beginning.
 */
export function indirectName(channel: string): IndirectName | undefined {
  const [id] = /^[A-Za-z][A-Za-z0-9_-]*/.exec(channel) ?? [];
  if (id === channel) return { type: 'indirect', id };
  const end = id?.lastIndexOf('-') ?? -1;
  if (end < 1) return undefined;
  const ref = channel.slice(end + 1);
  return isRef(ref) ? { type: 'indirect', id: channel.slice(0, end), ref } : undefined;
}

/** As Nix writes it. */
export const indirectText = ({ id, ref }: IndirectName): string => (ref === undefined ? id : `${id}/${ref}`);

const labels = { homepage: 'homepage', description: 'description', aliases: 'alias' } as const;

/** Throws InvalidInput for the first that breaks a rule. */
export function assertAbout({ homepage, description, aliases = [] }: AboutChanges): void {
  const rules = [
    ['homepage', homepage, brokenHomepageRule],
    ['description', description, brokenDescriptionRule],
    ...aliases.map((alias) => ['aliases', alias, brokenAliasRule] as const),
  ] as const;
  for (const [field, text, brokenRule] of rules) {
    const rule = isText(text) ? brokenRule(text) : undefined;
    if (rule !== undefined) throw new InvalidInput(field, `The ${labels[field]} ${quoted(text ?? '')} ${rule}.`);
  }
}

const valid = (value: unknown, brokenRule: (text: string) => string | undefined): string | undefined =>
  isText(value) && brokenRule(value) === undefined ? value : undefined;

/** What a record says that is valid: it may be written by hand. */
export function aboutOf({ others }: ChannelRecord): About {
  const homepage = valid(others.homepage, brokenHomepageRule);
  const description = valid(others.description, brokenDescriptionRule);
  const given: readonly unknown[] = Array.isArray(others.aliases) ? others.aliases : [];
  const aliases = [...new Set(given.map((alias) => valid(alias, brokenAliasRule)))].filter(isText).slice(0, maxAliases);
  return {
    ...(homepage === undefined ? {} : { homepage: new URL(homepage).href }),
    ...(description === undefined ? {} : { description }),
    ...(aliases.length === 0 ? {} : { aliases }),
  };
}

const isEqual = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** The changes that make a difference. */
export function aboutDifference(record: ChannelRecord, changes: AboutChanges): AboutChanges {
  const current = { homepage: null, description: null, aliases: [], ...aboutOf(record) };
  const given = (['homepage', 'description', 'aliases'] as const).flatMap((name) => {
    const value = changes[name];
    return value === undefined || isEqual(value, current[name]) ? [] : [[name, value] as const];
  });
  return Object.fromEntries(given);
}

/** The record with what is said about its channel. */
export function withAbout(record: ChannelRecord, changes: AboutChanges): ChannelRecord {
  const others = Object.entries({ ...record.others, ...changes }).filter(
    ([name, value]) => !(name in changes) || (value !== null && !isEqual(value, [])),
  );
  return { ...record, others: Object.fromEntries(others) };
}

type Forge = (segments: readonly string[]) => readonly string[] | undefined;

/** A repository has an owner and a name. What follows is a page of it. */
const ownerAndName: Forge = ([owner = '', name]) =>
  name === undefined || ['orgs', 'sponsors', 'topics'].includes(owner)
    ? undefined
    : [owner, name.replace(/\.git$/, ''), 'commit'];

/** A repository lies in a group, which may lie in another. */
const groupsAndName: Forge = (segments) => {
  const end = segments.indexOf('-');
  const [name = '', ...groups] = segments.slice(0, end === -1 ? segments.length : end).reverse();
  return groups.length === 0 ? undefined : [...groups.reverse(), name.replace(/\.git$/, ''), '-', 'commit'];
};

function forgeOf(host: string): Forge | undefined {
  if (['github.com', 'codeberg.org', 'git.sr.ht'].includes(host) || host.startsWith('forgejo.')) return ownerAndName;
  return host.startsWith('gitlab.') ? groupsAndName : undefined;
}

/** The page of a rev, where the homepage is a repository of a known forge. */
export function revUrlOf(homepage: string | undefined, rev: string | undefined): string | undefined {
  if (homepage === undefined || rev === undefined) return undefined;
  const url = new URL(homepage);
  const segments = url.pathname.split('/').filter((segment) => segment !== '');
  const path = segments.every((segment) => /^[A-Za-z0-9_.~-]+$/.test(segment)) && forgeOf(url.host)?.(segments);
  if (!path) return undefined;
  url.pathname = `/${[...path, rev].join('/')}`;
  url.search = '';
  url.hash = '';
  return url.href;
}
