import type { Change } from '../../lib/domain/record.ts';

/** One run of the command, as whoever started it saw it. Times are milliseconds since 1970. */
export interface Run {
  readonly kind: Change['action'] | 'revoke' | 'doctor';
  /** Empty for what concerns no channel. */
  readonly channel: string;
  readonly release?: string;
  /** The token that is revoked. */
  readonly jti?: string;
  /** Each operation that it sent, with the time of the first request that may have made the change. */
  readonly operations: readonly { readonly id: string; readonly sentAt: number }[];
  readonly begunAt: number;
  readonly endedAt: number;
  /**
   * `done`: acknowledged, this run made the change. `nothing`: acknowledged, nothing was to be changed. `refused`: the service
   * said no to every request. `unknown`: it was killed, or a request had no answer or a 5xx, so the change may have been made.
   */
  readonly outcome: 'done' | 'nothing' | 'refused' | 'unknown';
}

/** What a channel points to after a change. */
interface ChannelState {
  readonly serial: number;
  /** No request for this change was sent before. */
  readonly sentAt: number;
  /** The change was made by then. */
  readonly madeBy: number;
  readonly action: Change['action'];
  readonly latest: string | undefined;
  readonly isRemoved: boolean;
}

const { POSITIVE_INFINITY } = Number;

/** All changes of a channel, put together from records that were read while the service ran: a record keeps the newest 200. */
export class ChannelLedger {
  readonly #changes: Change[] = [];
  readonly #seenAt: number[] = [];
  readonly #violations = new Set<string>();
  readonly channel: string;

  constructor(channel: string) {
    this.channel = channel;
  }

  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** Each is told once, although what is wrong is seen again and again. */
  get violations(): readonly string[] {
    return [...this.#violations];
  }

  /** @param at when the record had been read */
  see(history: readonly Change[], at: number): void {
    for (const change of history) {
      const known = this.#changes[change.serial - 1];
      if (known === undefined && change.serial === this.#changes.length + 1) {
        this.#changes.push(change);
        this.#seenAt.push(at);
      } else if (known === undefined)
        this.#violations.add(
          `${this.channel}: change ${change.serial} came after ${this.#changes.length}: what is between was lost`,
        );
      else if (JSON.stringify(known) !== JSON.stringify(change))
        this.#violations.add(
          `${this.channel}: change ${change.serial} was ${JSON.stringify(known)} and became ${JSON.stringify(change)}`,
        );
    }
    const last = history.at(-1)?.serial ?? 0;
    if (last < this.#changes.length)
      this.#violations.add(`${this.channel}: the record went back from change ${this.#changes.length} to ${last}`);
  }

  /** The states after each change. Violations are told where a change does not follow from the one before. */
  replay(runs: readonly Run[]): { readonly states: readonly ChannelState[]; readonly violations: readonly string[] } {
    const sent = new Map(runs.flatMap(({ operations }) => operations.map(({ id, sentAt }) => [id, sentAt] as const)));
    const acknowledged = new Map(
      runs
        .filter(({ outcome }) => outcome === 'done')
        .flatMap(({ operations, endedAt }) => operations.map(({ id }) => [id, endedAt] as const)),
    );
    const violations: string[] = [];
    let latest: string | undefined;
    let isRemoved = false;
    const yanked = new Set<string>();
    const releases = new Set<string>();
    const states = this.#changes.map((change, index): ChannelState => {
      const { serial, action, release, from, to, operation } = change;
      const wrong = (what: string): void => {
        violations.push(`${this.channel}: change ${serial} (${action} ${release ?? ''}) ${what}`);
      };
      if (!['add', 'set', 'mend', 'restore'].includes(action) && from !== latest)
        wrong(`went from ${from} although the latest was ${latest}`);
      if (isRemoved && !['restore', 'mend'].includes(action)) wrong('was made while the channel was removed');
      if (action === 'publish' || action === 'promote' || action === 'rollback') {
        if (action === 'rollback' ? !releases.has(release ?? '') : releases.has(release ?? ''))
          wrong(action === 'rollback' ? 'went to a release that never was there' : 'made a release again');
        latest = release;
      } else if (action === 'yank' || action === 'unyank') {
        if (action === 'yank') yanked.add(release ?? '');
        else yanked.delete(release ?? '');
        latest = to;
      } else if (action === 'remove' || action === 'restore') isRemoved = action === 'remove';
      if (latest !== undefined) {
        releases.add(latest);
        if (yanked.has(latest)) wrong('led to a yanked release');
      }
      if (!sent.has(operation)) wrong(`has the operation ${operation}, which nobody sent`);
      return {
        serial,
        action,
        latest,
        isRemoved,
        sentAt: sent.get(operation) ?? 0,
        madeBy: Math.min(acknowledged.get(operation) ?? POSITIVE_INFINITY, this.#seenAt[index] ?? POSITIVE_INFINITY),
      };
    });
    // What is made before something that was made is made.
    for (let index = states.length - 2; index >= 0; index -= 1) {
      const [state, next] = [states[index] as ChannelState, states[index + 1] as ChannelState];
      states[index] = { ...state, madeBy: Math.min(state.madeBy, next.madeBy) };
    }
    return { states, violations };
  }
}

export type { ChannelState };
