import { tarballFormatOf } from './names.ts';
import { type ChannelRecord, latestFacts, resolvedRelease } from './record.ts';
import type { ReleaseFacts } from './release.ts';
import { channelUrl, immutableLink, immutableTarget, permanentUrl } from './urls.ts';

/** A line to paste into a flake, an expression or a shell. */
export interface Snippet {
  readonly use: 'flake input' | 'pinned flake input' | 'nix-channel' | 'npins' | 'fetchTarball' | 'curl' | 'fetchurl';
  readonly text: string;
}

/** A valid attribute name of Nix, without quotes. */
const attributeName = (channel: string): string =>
  channel.replaceAll(/[^A-Za-z0-9_-]/g, '-').replace(/^(?=[^A-Za-z_])/, '_');

/** `flake = false` works with and without a flake.nix, so it is used where that is unknown. */
function flakeInput(channel: string, url: string, flake: boolean | undefined): string {
  const name = `inputs.${attributeName(channel)}`;
  if (flake === true) return `${name}.url = "${url}";`;
  const hint = flake === undefined ? ' # if it has a flake.nix, remove "flake = false;"' : '';
  return `${name} = { url = "${url}"; flake = false; };${hint}`;
}

const shellWord = (text: string): string =>
  /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Lines to use a channel, only those that work for its latest release. A URL needs no escapes in a Nix string, because a parsed
 * URL has no quotes, no backslash and no "${".
 *
 * nix-channel gets the URL without an extension: then it unpacks every tarball format, if the archive has a single directory at
 * the top. With an extension it accepts only .tar.xz, .tar.gz and .tar.bz2.
 */
export function snippetsOf(base: string, channel: string, record: ChannelRecord): readonly Snippet[] {
  const { fileExtension, archives } = record;
  const release = resolvedRelease(record);
  if (release === undefined) return [];
  const key = release + fileExtension;
  const moving = channelUrl(base, channel, fileExtension);
  const permanent = permanentUrl(base, key);
  const { narHash, sha256 } = latestFacts(record) ?? {};

  if (tarballFormatOf(fileExtension) === undefined) {
    // Nix takes the name from the end of the URL, and a store path has no "%".
    const name = permanent.endsWith(`/${key}`) ? '' : ` name = "${key}";`;
    const hash = sha256 === undefined ? undefined : `sha256-${Buffer.from(sha256, 'hex').toString('base64')}`;
    return [
      { use: 'curl', text: `curl -fLO ${shellWord(moving)}` },
      ...(hash === undefined
        ? []
        : [
            {
              use: 'fetchurl' as const,
              text: `builtins.fetchurl { url = "${permanent}";${name} sha256 = "${hash}"; }`,
            },
          ]),
    ];
  }
  const archive = Object.hasOwn(archives, release) ? archives[release] : undefined;
  const page = shellWord(channelUrl(base, channel, ''));
  return [
    { use: 'flake input', text: flakeInput(channel, moving, archive?.flake) },
    ...(archive?.topLevelEntries === 1
      ? [{ use: 'nix-channel' as const, text: `nix-channel --add ${page} ${channel.replaceAll('+', '-')}` }]
      : []),
    {
      use: 'fetchTarball',
      text:
        narHash === undefined
          ? `fetchTarball "${moving}"`
          : `fetchTarball { url = "${permanent}"; sha256 = "${narHash}"; }`,
    },
  ];
}

/**
 * All lines for a page, which has room for more of a tarball: an input that stays at this release, with the facts that the Link
 * header gives for the lock, and npins, which reads that header too. @param facts of the latest release
 */
export function pageSnippetsOf(
  base: string,
  channel: string,
  record: ChannelRecord,
  facts: ReleaseFacts,
): readonly Snippet[] {
  const { fileExtension, archives } = record;
  const [flake, ...others] = snippetsOf(base, channel, record);
  const release = resolvedRelease(record);
  if (flake?.use !== 'flake input' || release === undefined) return flake === undefined ? [] : [flake, ...others];
  const pinned = immutableTarget(immutableLink(base, release + fileExtension, facts)) ?? '';
  const archive = Object.hasOwn(archives, release) ? archives[release] : undefined;
  const name = channel.replaceAll('+', '-');
  return [
    flake,
    { use: 'pinned flake input', text: flakeInput(channel, pinned, archive?.flake) },
    ...others,
    { use: 'npins', text: `npins add --name ${name} tarball ${shellWord(channelUrl(base, channel, fileExtension))}` },
  ];
}
