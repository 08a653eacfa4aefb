import { InvalidInput } from './problem.ts';

/** The names that Nix takes for tarballs (Nix, `src/libfetchers/tarball.cc`, `hasTarballExtension`). */
const tarballFormat = /\.(?:tar(?:\.(?:bz2|gz|xz|zst))?|tgz|zip)$/;

export const tarballFormatOf = (name: string): string | undefined => tarballFormat.exec(name)?.[0];

export const maxNameLength = 128;
const reservedChannels: readonly string[] = ['channels', 'revoked'];

/**
 * The rule that a name breaks, as the end of a sentence, or undefined. Channels and releases have the same rules: a record's key
 * is `{channel}.json`, so no name may look like another kind of object in the bucket.
 */
function brokenNameRule(name: string): string | undefined {
  if (name === '') return 'must not be empty';
  if (name.length > maxNameLength) return `must be at most ${maxNameLength} characters long`;
  if (!/^[A-Za-z0-9._-]*$/.test(name)) return 'must contain only letters, digits and ". _ -"';
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
  if (!/^[A-Za-z0-9._-]*$/.test(extension)) return 'must contain only letters, digits and ". _ -"';
  if (extension.includes('..')) return 'must not have two dots in a row';
  if (extension.endsWith('.')) return 'must not end in a dot';
  if (extension.toLowerCase().endsWith('.json')) return 'must not end in ".json": that is for records';
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

/** For messages: in quotes, with control characters escaped, and never long. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text).replace(
    /\p{Cc}/gu,
    (control) => `\\u00${control.charCodeAt(0).toString(16)}`,
  );

/**
 * What an API, a bucket or an archive holds may be anything. Before it is shown, this takes away what a terminal obeys or what
 * changes the order of the text around it: control characters, bidirectional controls, and separators of lines.
 */
export const escapeControls = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
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

/** Whether a name from the bucket can be served. Other tools wrote names with "+", so those are readable. */
export const isReadableName = (name: string): boolean =>
  brokenNameRule(name.includes('+') ? name.replaceAll('+', '_') : name) === undefined;

export const isReadableChannel = (name: string): boolean => isReadableName(name) && !reservedChannels.includes(name);

/** For a channel that may exist: other tools wrote names with "+". */
export function assertExistingChannel(name: string, field = 'channel'): void {
  if (!isReadableChannel(name)) assertChannelName(name, field);
}

/** For a release that may exist. */
export function assertExistingRelease(name: string, field = 'release'): void {
  if (!isReadableName(name)) assertReleaseName(name, field);
}

/**
 * The other channel that a release belongs to by its name, or undefined. The longest name decides: `nixos-25.05-1` belongs to
 * `nixos-25.05`, although it also begins with `nixos-`.
 */
export function ownerByName(release: string, channel: string, channels: readonly string[]): string | undefined {
  const owner = channels
    .filter((name) => release.startsWith(`${name}-`))
    .reduce((longest, name) => (name.length > longest.length ? name : longest), '');
  if (owner === '' || owner === channel) return undefined;
  return release.startsWith(`${channel}-`) && channel.length > owner.length ? undefined : owner;
}

/** The rule that a channel name or glob breaks, as the end of a sentence, or undefined. `*` matches any run of characters. */
export function brokenGlobRule(glob: string): string | undefined {
  if (glob === '') return 'must not be empty';
  if (glob.length > maxNameLength) return `must be at most ${maxNameLength} characters long`;
  if (!/^[A-Za-z0-9._+*-]*$/.test(glob)) return 'must contain only letters, digits, ". _ + -" and "*"';
  return undefined;
}

export const isGlob = (pattern: string): boolean => pattern.includes('*');

/** Takes time bounded by the product of both lengths, because patterns come from tokens. */
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

/** A JSON object: neither null nor a list. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A minute. */
const minMaxAgeSeconds = 60;
/** A year. */
const maxMaxAgeSeconds = 31_536_000;

/** Whether a value is a valid `maxAge`: the age of the latest release, in seconds, from which a channel counts as overdue. */
export const isMaxAge = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= minMaxAgeSeconds && (value as number) <= maxMaxAgeSeconds;

export function assertMaxAge(value: number): void {
  if (!isMaxAge(value))
    throw new InvalidInput(
      'maxAge',
      `maxAge must be ${minMaxAgeSeconds} to ${maxMaxAgeSeconds} seconds (a minute to a year), or none.`,
    );
}
