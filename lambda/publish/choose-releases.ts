import type { RetirementRequest } from '../../lib/api/admin-requests.ts';
import type { KeptRelease } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import { NotFound } from '../../lib/domain/problem.ts';
import type { ChannelRecord } from '../../lib/domain/record.ts';
import { type Hold, type Holders, holdOn, isPinned, selected } from '../../lib/domain/retirement.ts';

/** One sentence that says what holds a release, and what to do. */
function heldBy(channel: string, release: string, hold: Hold): NotFound | Conflict | undefined {
  switch (hold.kind) {
    case 'retired':
      return undefined;
    case 'unknown':
      return new NotFound(`"${release}" is not a release of "${channel}". Nothing was changed.`);
    case 'latest':
      return new Conflict(
        'held',
        `"${release}" is the latest release of "${channel}", which is never retired. Nothing was changed: publish or roll back to another release first.`,
      );
    case 'pinned':
      return new Conflict(
        'held',
        `"${release}" is pinned in "${channel}". Nothing was changed: run "channelctl unpin ${channel} ${release}" first, or leave it out.`,
      );
    case 'named':
      return new Conflict(
        'held',
        `"${release}" is also a release of "${hold.channel}". Nothing was changed: leave it out, or use --shared to give it up in "${channel}" only.`,
      );
  }
}

type Chosen = { readonly releases: readonly string[]; readonly kept: readonly KeptRelease[] };

/** The named releases that are not retired yet. Throws for the first one that is held. */
export function chooseNamed(
  channel: string,
  record: ChannelRecord,
  { releases = [], shared }: RetirementRequest,
  holders: Holders,
): Chosen {
  const chosen = new Set<string>();
  const previous = new Set(record.previous);
  for (const release of releases) {
    const hold = holdOn(record, release, shared === true ? new Map() : holders, previous);
    const problem = hold === undefined ? undefined : heldBy(channel, release, hold);
    if (problem !== undefined) throw problem;
    if (hold === undefined) chosen.add(release);
  }
  return { releases: [...chosen], kept: [] };
}

export function chooseSelected(
  record: ChannelRecord,
  request: RetirementRequest,
  since: (release: string) => number | undefined,
  holders: Holders,
  now: number,
): Chosen {
  const keptBy = (release: string): KeptRelease | undefined => {
    const channel = request.shared === true ? undefined : holders.get(release + record.fileExtension);
    if (channel !== undefined) return { release, why: 'named', channel };
    return isPinned(record, release) ? { release, why: 'pinned' } : undefined;
  };
  const old = selected({ ...record, pinned: {} }, request, since, now);
  return {
    releases: old.filter((release) => keptBy(release) === undefined),
    kept: old.map(keptBy).filter((kept) => kept !== undefined),
  };
}
