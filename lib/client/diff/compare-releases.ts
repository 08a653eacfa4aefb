import type { ReadableRelease } from '../../api/reading.ts';
import { assertExistingRelease, quoted } from '../../domain/names.ts';
import { InvalidInput, NotFound } from '../../domain/problem.ts';
import { credibleFacts, type ReleaseFacts } from '../../domain/release.ts';
import { permanentUrl } from '../../domain/urls.ts';
import { pages } from '../api/http.ts';
import { linkOf } from '../publish/file-answer.ts';
import { withdrawal } from '../reader/documents.ts';
import type { FoundChannel } from '../reader/find-channel.ts';
import { compareTrees, type TreeChanges } from './compare-trees.ts';
import { comparableFormat, type FetchedRelease, type FetchOptions, fetchRelease } from './fetch-release.ts';
import { compareInputs, flakeInputs, type InputChanges } from './flake-inputs.ts';

/** A release with what is known of it. */
export interface ComparedRelease extends ReleaseFacts {
  readonly release: string;
  /** Bytes. */
  readonly size?: number;
  readonly unpackedSize?: number;
  /** Why it must not be used any more. */
  readonly withdrawn?: string;
}

export interface ReleaseDiff {
  readonly channel: string;
  readonly from: ComparedRelease;
  readonly to: ComparedRelease;
  /** Whether Nix unpacks both to the same tree. */
  readonly sameTree: boolean;
  /** A page of the commits between them. */
  readonly compareUrl?: string;
  /** Null where neither has a flake.lock, or both have the same tree. */
  readonly inputs: InputChanges | null;
  readonly files: TreeChanges;
}

interface Names {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Names that are not given are the latest release, and the one before it; what was withdrawn is passed over. */
async function chooseReleases({ api, channel }: FoundChannel, { from, to }: Names) {
  for (const [name, field] of [[from, 'from'] as const, [to, 'to'] as const])
    if (name !== undefined) assertExistingRelease(name, field);
  const ask = async (after?: string) => (after === undefined ? channel : api.channel(channel.channel, after));
  const usable: ReadableRelease[] = [];
  const byName = new Map<string, ReadableRelease>();
  for await (const page of pages(ask)) {
    const releases: readonly ReadableRelease[] = page.releases;
    for (const each of releases) {
      byName.set(each.release, each);
      if (withdrawal(each) === undefined && usable.length < 2) usable.push(each);
    }
    const isFound = [from, to].every((name) => name === undefined || byName.has(name));
    if (isFound && usable.length === 2) break;
  }
  const named = (name: string): ReadableRelease => {
    const found = byName.get(name);
    if (found !== undefined) return found;
    throw new NotFound(
      `The channel "${channel.channel}" has no release ${quoted(name)}: channelctl history ${channel.channel} lists them.`,
    );
  };
  const [newest, second] = usable;
  const chosen = {
    from: from === undefined ? second : named(from),
    to: to === undefined ? newest : named(to),
  };
  if (chosen.from === undefined || chosen.to === undefined)
    throw new NotFound(
      `The channel "${channel.channel}" has ${newest === undefined ? 'no release' : 'only one release'} that can be used: there is nothing to compare.`,
    );
  if (chosen.from.release === chosen.to.release)
    throw new InvalidInput('to', `Both are ${quoted(chosen.to.release)}: name the release to compare with.`);
  return { from: chosen.from, to: chosen.to };
}

/** Where the service's JSON has no facts of a release, its Link may have some. Without an answer there are none. */
async function withFacts({ api }: FetchOptions, release: ReadableRelease, extension: string): Promise<ReadableRelease> {
  if (release.narHash !== undefined || release.rev !== undefined) return release;
  const { authorization } = api.credentials;
  const headers = { accept: '*/*', ...(authorization === undefined ? {} : { authorization }) };
  const url = new URL(permanentUrl(api.base, release.release + extension));
  const head = await api.send({ method: 'HEAD', url, headers, idleTimeoutMs: 15_000 }).catch(() => undefined);
  return { ...(head === undefined ? {} : linkOf(head)?.facts), ...release };
}

/** The page of a forge that compares two revs, from the page that it has of one: GitHub, GitLab and Forgejo have it there. */
export function compareUrlOf(from: ReadableRelease, to: ReadableRelease): string | undefined {
  const { rev, revUrl } = to;
  const isRev = [from.rev, rev].every((each) => each !== undefined && /^[0-9a-f]{40}$/.test(each));
  if (!isRev || from.rev === rev || revUrl === undefined || !URL.canParse(revUrl)) return undefined;
  const url = new URL(revUrl);
  const end = `/commit/${rev}`;
  // sourcehut has commits, but no such page.
  if (!['https:', 'http:'].includes(url.protocol) || url.hostname === 'git.sr.ht' || !url.pathname.endsWith(end))
    return undefined;
  url.pathname = `${url.pathname.slice(0, -end.length)}/compare/${from.rev}...${rev}`;
  return url.href;
}

function described({ release, size, ...more }: ReadableRelease, fetched?: FetchedRelease): ComparedRelease {
  const withdrawn = withdrawal({ release, ...more });
  return {
    release,
    ...credibleFacts(more),
    ...(size === undefined ? {} : { size }),
    ...fetched?.facts,
    ...(withdrawn === undefined ? {} : { withdrawn }),
  };
}

const noTree: TreeChanges = compareTrees(new Map(), new Map());

/** Downloads two releases of a channel, one after the other, and compares what they hold. */
export async function compareReleases(options: FetchOptions, found: FoundChannel, names: Names): Promise<ReleaseDiff> {
  const { channel, extension } = found.channel;
  const chosen = await chooseReleases(found, names);
  comparableFormat(extension);
  const from = await withFacts(options, chosen.from, extension);
  const to = await withFacts(options, chosen.to, extension);
  const sameTree = from.narHash !== undefined && from.narHash === to.narHash;
  const compareUrl = compareUrlOf(from, to);
  const beginning = { channel, ...(compareUrl === undefined ? {} : { compareUrl }) };
  if (sameTree)
    return { ...beginning, from: described(from), to: described(to), sameTree, inputs: null, files: noTree };
  const before = await fetchRelease(options, from, extension);
  const after = await fetchRelease(options, to, extension);
  const inputsOf = ({ lock }: FetchedRelease, { release }: ReadableRelease) =>
    lock === undefined ? new Map() : flakeInputs(lock, release);
  return {
    ...beginning,
    from: described(from, before),
    to: described(to, after),
    sameTree: before.facts.narHash === after.facts.narHash,
    inputs:
      before.lock === undefined && after.lock === undefined
        ? null
        : compareInputs(inputsOf(before, from), inputsOf(after, to)),
    files: compareTrees(before.tree, after.tree),
  };
}
