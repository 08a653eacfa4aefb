import type { ChannelState, Run } from './ledger.ts';

/** What a reader got at /channel. Times are milliseconds since 1970. */
export interface ChannelRead {
  readonly channel: string;
  readonly server: string;
  readonly jti: string;
  readonly begunAt: number;
  readonly endedAt: number;
  /** The answer must know what was in the bucket then: the maximum age before, or longer where the bucket failed. */
  readonly knows: number;
  /** The same for the deny list. */
  readonly knowsDenials: number;
  readonly status: number;
  /** What it was led to. */
  readonly release?: string | undefined;
  readonly text: string;
  /** Whether the bucket and all servers had been in order for a while. */
  readonly isCalm: boolean;
}

/** What a reader got at /permanent, of a release that a channel had led to. */
export interface ReleaseRead {
  readonly release: string;
  readonly jti: string;
  readonly begunAt: number;
  readonly endedAt: number;
  readonly knowsDenials: number;
  readonly status: number;
  /** Of the whole file, where it arrived. */
  readonly sha256?: string | undefined;
  readonly text: string;
  readonly isCalm: boolean;
}

const { NEGATIVE_INFINITY, POSITIVE_INFINITY } = Number;
const label = ({ kind, channel, release = '', operations }: Run): string =>
  `${kind} ${channel} ${release} (${operations.map(({ id }) => id).join(', ')})`;

/** These finish what an interrupted run of the same kind began, and are then acknowledged without a change of their own. */
const finishesOthers: readonly string[] = ['add', 'remove', 'restore'];

/** These write the record, then the catalog: they may be refused between the two, because another run removed the channel meanwhile. */
const twoWrites: readonly string[] = ['add', 'set'];

/**
 * An acknowledged run is in the history once, any other at most once, and one that changed nothing or was refused at once never.
 *
 * @param operations of all histories, the deny list's among them
 */
export function checkOperations(runs: readonly Run[], operations: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const id of operations) counts.set(id, (counts.get(id) ?? 0) + 1);
  const countOf = (run: Run): number => run.operations.reduce((sum, { id }) => sum + (counts.get(id) ?? 0), 0);
  const isFinished = (run: Run): boolean =>
    finishesOthers.includes(run.kind) &&
    runs.some(
      (other) =>
        other !== run &&
        other.kind === run.kind &&
        other.channel === run.channel &&
        other.begunAt <= run.endedAt &&
        countOf(other) === 1,
    );
  return runs.flatMap((run) => {
    const count = countOf(run);
    if (count > 1) return [`${count} times in the history: ${label(run)}`];
    if (run.outcome === 'done' && count === 0 && run.kind !== 'doctor' && !isFinished(run))
      return [`acknowledged, and not in the history: ${label(run)}`];
    if ((run.outcome === 'nothing' || (run.outcome === 'refused' && !twoWrites.includes(run.kind))) && count === 1)
      return [`${run.outcome}, and yet in the history: ${label(run)}`];
    return [];
  });
}

const isAcknowledged = ({ outcome }: Run): boolean => outcome === 'done' || outcome === 'nothing';

/** The reader without a token. */
export const nobody = 'nobody';

/** When a token could be refused at the earliest, and was refused at the latest. */
function denialOf(runs: readonly Run[], jti: string): { readonly from: number; readonly until: number } {
  if (jti === nobody) return { from: NEGATIVE_INFINITY, until: NEGATIVE_INFINITY };
  const own = runs.filter((run) => run.jti === jti);
  return {
    from: Math.min(POSITIVE_INFINITY, ...own.flatMap(({ operations }) => operations.map(({ sentAt }) => sentAt))),
    until: Math.min(POSITIVE_INFINITY, ...own.filter(isAcknowledged).map(({ endedAt }) => endedAt)),
  };
}

type ReadWithToken = Pick<ChannelRead, 'jti' | 'status' | 'begunAt' | 'endedAt' | 'knowsDenials'>;

function checkDenial(
  { jti, status, begunAt, endedAt, knowsDenials }: ReadWithToken,
  isPrivate: boolean,
  runs: readonly Run[],
): string[] {
  const { from, until } = denialOf(runs, jti);
  if (status === 401 && from > endedAt) return [`401 at ${begunAt} for the token ${jti}, which nobody revoked`];
  if (status !== 401 && status !== 503 && isPrivate && until <= knowsDenials)
    return [`${status} at ${begunAt} for ${jti}, whose access had ended at ${until}`];
  return [];
}

/** A server may still be busy with a request after its client was killed, for as long as the gateway waits. */
const lingersMs = 30_000;

/** Whether the catalog may have said that the channel is removed where its record did not: it is written after the record. */
function mayBeRemovedInCatalog(runs: readonly Run[], { channel, endedAt, knows }: ChannelRead): boolean {
  const own = runs.filter((run) => run.channel === channel && run.begunAt <= endedAt);
  const restorations = own.filter((run) => run.kind === 'restore' && isAcknowledged(run) && run.endedAt <= knows);
  const settledAt = Math.max(NEGATIVE_INFINITY, ...restorations.map(({ begunAt }) => begunAt));
  return own.some(
    (run) => run.kind === 'remove' && run.endedAt + (run.outcome === 'unknown' ? lingersMs : 0) >= settledAt,
  );
}

const isAdded = (runs: readonly Run[], { channel, knows }: ChannelRead): boolean =>
  runs.some((run) => run.kind === 'add' && run.channel === channel && isAcknowledged(run) && run.endedAt <= knows);

/**
 * The channel led to what it pointed to at some moment between what the server must have known and the end of the read.
 *
 * @param isPrivate whether it never was public. Of a public channel tokens are ignored, revoked ones too
 */
export function checkChannelRead(
  read: ChannelRead,
  states: readonly ChannelState[],
  runs: readonly Run[],
  isPrivate: boolean,
): string[] {
  const { channel, server, status, release, begunAt, endedAt, knows, isCalm, text } = read;
  const denied = checkDenial(read, isPrivate, runs);
  if (denied.length > 0 || status === 401) return denied;
  const wrong = (what: string): string[] => [
    `/channel/${channel} of ${server} answered ${status} ${release ?? ''} at ${begunAt} after ${endedAt - begunAt} ms, ${isCalm ? 'calm' : 'storm'}, knowing ${begunAt - knows} ms before: ${what}`,
  ];
  if (status === 503) return isCalm ? wrong('nothing was broken') : [];
  const first = states.findLastIndex(({ madeBy }) => madeBy <= knows);
  const last = states.findLastIndex(({ sentAt }) => sentAt <= endedAt);
  const possible = states.slice(Math.max(0, first), last + 1);
  if (status === 307) {
    if (possible.some(({ latest, isRemoved }) => latest === release && !isRemoved)) return [];
    const later = states.findIndex(({ latest }) => latest === release);
    if (later === -1) return wrong('no history has this release');
    return wrong(
      `the channel pointed to ${possible.map(({ latest, isRemoved }) => (isRemoved ? 'nothing (removed)' : latest)).join(', ') || 'nothing'}`,
    );
  }
  if (status === 410) {
    if (possible.some(({ isRemoved }) => isRemoved)) return [];
    return mayBeRemovedInCatalog(runs, read) ? [] : wrong('it was not removed');
  }
  if (status === 404) {
    if (first === -1 || !isAdded(runs, read) || possible.some(({ latest }) => latest === undefined)) return [];
    return !isCalm && text.includes('missing or damaged') ? [] : wrong(`it had a release: ${text.trim()}`);
  }
  return wrong(text.trim());
}

/** What a channel has led to always answers, with the same bytes, which are some that were to be published under this name. */
export function checkReleaseReads(
  reads: readonly ReleaseRead[],
  declared: ReadonlyMap<string, readonly string[]>,
  runs: readonly Run[],
  isPrivate: (release: string) => boolean,
): string[] {
  const seen = new Map<string, string>();
  return reads.flatMap((read) => {
    const { release, status, sha256, begunAt, isCalm, text } = read;
    const wrong = (what: string): string[] => [`/permanent/${release} answered ${status} at ${begunAt}: ${what}`];
    const denied = checkDenial(read, isPrivate(release), runs);
    if (denied.length > 0 || status === 401) return denied;
    if (status === 503) return isCalm ? wrong('nothing was broken') : [];
    if (status !== 307) return wrong(text.trim());
    if (sha256 === undefined) return [];
    if (declared.get(release)?.includes(sha256) !== true) return wrong(`nobody published these bytes (${sha256})`);
    const before = seen.get(release) ?? sha256;
    seen.set(release, before);
    return before === sha256 ? [] : wrong(`it had other bytes before (${before}, now ${sha256})`);
  });
}

/** Something that the doctor found. */
export interface Found {
  readonly kind: string;
  readonly severity: string;
  /** A channel or a key. */
  readonly subject: string;
}

/** What the doctor may find, because a run of this kind was interrupted. Everything else is a violation. */
const traces: Readonly<Record<string, Run['kind']>> = {
  'record-unlisted': 'add',
  'record-removed': 'remove',
  'record-restored': 'restore',
  'object-unnamed': 'publish',
};

/** About the bucket's settings, which no command changes: the store of a test has none of the stack's rules. */
const ofSettings = /^(?:guard|policy|lifecycle|versioning|public-access)/;

export function checkFindings(findings: readonly Found[], runs: readonly Run[], extension = '.tar.xz'): string[] {
  const isExplained = ({ kind, subject }: Found): boolean =>
    runs.some(
      (run) =>
        run.kind === traces[kind] &&
        run.outcome !== 'done' &&
        (kind === 'object-unnamed' ? run.release + extension === subject : run.channel === subject),
    );
  return findings
    .filter(({ kind }) => !ofSettings.test(kind))
    .filter((one) => !isExplained(one))
    .map(({ kind, severity, subject }) => `the doctor found ${severity} ${kind} of ${subject}`);
}
