import { InvalidInput } from './problem.ts';

/** What Nix takes for a tarball by its name (Nix, `src/libfetchers/tarball.cc`, `hasTarballExtension`). */
const tarballFormat = /\.(?:tar(?:\.(?:bz2|gz|xz|zst))?|tgz|zip)$/;

export const tarballFormatOf = (name: string): string | undefined => tarballFormat.exec(name)?.[0];

export const maxNameLength = 128;
const reservedChannels: readonly string[] = ['channels', 'revoked'];

/**
 * The rule that a name breaks, as the end of a sentence, or undefined. The same for channels and releases: a record's key is
 * `{channel}.json`, so neither may look like a file that means something else in the bucket.
 */
function brokenNameRule(name: string): string | undefined {
  if (name === '') return 'must not be empty';
  if (name.length > maxNameLength) return `must be at most ${maxNameLength} characters long`;
  if (!/^[A-Za-z0-9._-]*$/.test(name)) return 'must consist of letters, digits and ". _ -" alone';
  if (!/^[A-Za-z0-9]/.test(name)) return 'must begin with a letter or a digit';
  const lower = name.toLowerCase();
  const ending = lower.endsWith('.json') ? '.json' : tarballFormatOf(lower);
  if (ending !== undefined) return `must not end in "${ending}"`;
  return undefined;
}

/** The rule that a file extension breaks, as the end of a sentence, or undefined. */
export function brokenExtensionRule(extension: string): string | undefined {
  if (!extension.startsWith('.')) return 'must begin with a dot';
  if (extension.length < 2 || extension.length > 32) return 'must be a dot and 1 to 31 characters';
  if (!/^[A-Za-z0-9._-]*$/.test(extension)) return 'must consist of letters, digits and ". _ -" alone';
  if (extension.includes('..')) return 'must not have two dots in a row';
  if (extension.endsWith('.')) return 'must not end in a dot';
  if (extension.toLowerCase().endsWith('.json')) return 'must not end in ".json": records are kept under it';
  return undefined;
}

/**
 * The rule that an extension in the bucket breaks, as the end of a sentence, or undefined. The Rust tool also writes extensions
 * without a dot, and the Rust service appends them as they are. No name may become the key of a record by one.
 */
export function brokenStoredExtensionRule(extension: string): string | undefined {
  if (extension.startsWith('.')) return brokenExtensionRule(extension);
  if (extension !== '' && '.json'.endsWith(extension.toLowerCase())) return 'must not be the end of ".json"';
  return brokenExtensionRule(`.${extension}`);
}

/** For messages: quoted, control characters escaped, and short whatever was given. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text).replace(
    /\p{Cc}/gu,
    (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`,
  );

export function assertChannelName(name: string, field = 'channel'): void {
  const rule = reservedChannels.includes(name) ? 'is reserved' : brokenNameRule(name);
  if (rule !== undefined) throw new InvalidInput(field, `The channel name ${quoted(name)} ${rule}.`);
}

export function assertReleaseName(name: string, field = 'release'): void {
  const rule = brokenNameRule(name);
  if (rule !== undefined) throw new InvalidInput(field, `The release name ${quoted(name)} ${rule}.`);
}

export function assertExtension(extension: string, field = 'fileExtension'): void {
  const rule = brokenExtensionRule(extension);
  if (rule !== undefined) throw new InvalidInput(field, `The file extension ${quoted(extension)} ${rule}.`);
}

/** Whether a name that stands in a bucket can be served. Other tools wrote names with "+", so those are read. */
export const isReadableName = (name: string): boolean =>
  brokenNameRule(name.includes('+') ? name.replaceAll('+', '_') : name) === undefined;

export const isReadableChannel = (name: string): boolean => isReadableName(name) && !reservedChannels.includes(name);

/** Of a channel that is there: names with "+", which others wrote, are read. */
export function assertExistingChannel(name: string, field = 'channel'): void {
  if (!isReadableChannel(name)) assertChannelName(name, field);
}

/** Of a release that is there. */
export function assertExistingRelease(name: string, field = 'release'): void {
  if (!isReadableName(name)) assertReleaseName(name, field);
}

/**
 * The other channel to which a release belongs by its name, or undefined. `nixos-25.05-1` belongs to `nixos-25.05` though it
 * begins with `nixos-` too: the longest name decides.
 */
export function ownerByName(release: string, channel: string, channels: readonly string[]): string | undefined {
  const owner = channels
    .filter((name) => release.startsWith(`${name}-`))
    .reduce((longest, name) => (name.length > longest.length ? name : longest), '');
  if (owner === '' || owner === channel) return undefined;
  return release.startsWith(`${channel}-`) && channel.length > owner.length ? undefined : owner;
}

/** The rule that a name or glob of channels breaks, as the end of a sentence, or undefined. `*` is any run of characters. */
export function brokenGlobRule(glob: string): string | undefined {
  if (glob === '') return 'must not be empty';
  if (glob.length > maxNameLength) return `must be at most ${maxNameLength} characters long`;
  if (!/^[A-Za-z0-9._+*-]*$/.test(glob)) return 'must consist of letters, digits, ". _ + -" and "*" alone';
  return undefined;
}

export const isGlob = (pattern: string): boolean => pattern.includes('*');

/** In time bounded by the product of both lengths, whatever the pattern: tokens bring patterns of their own. */
export function matchesGlob(pattern: string, name: string): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  while (at < name.length) {
    if (pattern[next] === '*') {
      star = next;
      next += 1;
      resume = at;
    } else if (pattern[next] === name[at]) {
      next += 1;
      at += 1;
    } else if (star !== -1) {
      next = star + 1;
      resume += 1;
      at = resume;
    } else return false;
  }
  while (pattern[next] === '*') next += 1;
  return next === pattern.length;
}

export const isText = (value: unknown): value is string => typeof value === 'string';

/** Of what JSON knows: neither null nor a list. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Seconds: a minute and a year. */
const least = 60;
const most = 31_536_000;

/** Whether something is an age of the latest release, in seconds, after which a channel counts as overdue. */
export const isMaxAge = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;

export function assertMaxAge(value: number): void {
  if (!isMaxAge(value))
    throw new InvalidInput('maxAge', `maxAge must be ${least} to ${most} seconds: a minute to a year, or none.`);
}
