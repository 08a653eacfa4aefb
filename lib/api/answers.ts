import type { About } from '../domain/about.ts';
import type { Visibility } from '../domain/catalog.ts';
import type { Denial, DenialEntry } from '../domain/deny-list.ts';
import type { ChannelRecord, HistoryPage, LatestFacts, Retention } from '../domain/record.ts';
import type { Retirement } from '../domain/retirement.ts';
import type { Snippet } from '../domain/snippets.ts';
import type { Finding } from './finding.ts';

export interface Added {
  readonly channel: string;
  readonly fileExtension: string;
  readonly visibility: Visibility;
  /** Whether this operation added it, or an earlier one. */
  readonly fresh: boolean;
  readonly channelUrl: string;
}

/** A channel after a rollback, a yank or a promotion. */
export interface ChangedChannel {
  readonly channel: string;
  readonly action: string;
  /** Whether this operation made the change, or an earlier one. */
  readonly fresh: boolean;
  readonly latest: string | null;
  /** The latest release before, where this operation changed it. */
  readonly from?: string;
  readonly channelUrl: string;
  readonly permanentUrl?: string;
}

export interface ChannelSettings extends About {
  readonly channel: string;
  readonly visibility: Visibility;
  /** Seconds: the channel is overdue when its latest release is older. */
  readonly maxAge: number | null;
  readonly fresh: boolean;
  readonly channelUrl: string;
  /** Null where there is no policy. Absent where the service is older than the command. */
  readonly retain?: Retention | null;
}

/** A channel, or why it is not served. */
export type ListedChannel =
  | {
      readonly channel: string;
      readonly fileExtension: string;
      readonly visibility: Visibility;
      readonly latest: string | null;
      /** Seconds. */
      readonly maxAge: number | null;
      readonly channelUrl: string;
    }
  | { readonly channel: string; readonly problem: string };

export interface ChannelList {
  readonly channels: readonly ListedChannel[];
  /** The `after` of the next page; absent on the last page. */
  readonly next?: string;
}

export interface RevocationList {
  /** The entries in force, newest first. */
  readonly revocations: readonly DenialEntry[];
  /** The `after` of the next page; absent on the last page. */
  readonly next?: string;
}

export interface Published {
  readonly status: 'published';
  readonly channel: string;
  readonly release: string;
  /** Whether this operation published it, or an earlier one. */
  readonly fresh: boolean;
  /** Whether the channel points to it now. */
  readonly latest: boolean;
  /** The release that the channel points to now. */
  readonly latestRelease: string | null;
  /** The latest release before, where it has the same bytes. */
  readonly sameAs?: string;
  readonly channelUrl: string;
  readonly permanentUrl: string;
  /** Lines for readers; none where the channel points to another release. Absent where the service is older than the command. */
  readonly snippets?: readonly Snippet[];
}

export interface Removed {
  readonly channel: string;
  /** Whether the channel is removed now: when a request is repeated late, another operation may have changed that since. */
  readonly removed: boolean;
  /** Whether this operation made the change, or an earlier one. */
  readonly fresh: boolean;
}

export interface Restored extends Removed {
  readonly latest: string | null;
  readonly visibility: Visibility;
  readonly channelUrl: string;
}

/** A release that was chosen to be retired. */
export interface ChosenRelease {
  readonly release: string;
  /** ISO 8601: when the channel got it, where the history or the bucket has that. */
  readonly publishedAt?: string;
  /** Bytes, where the bucket has the object. */
  readonly size?: number;
}

/** A release that a selection passed over, or whose retirement was undone at once. */
export interface KeptRelease {
  readonly release: string;
  readonly why: 'latest' | 'pinned' | 'named';
  /** The channel that names it. */
  readonly channel?: string;
}

export interface Retired {
  readonly channel: string;
  readonly action: 'retire' | 'unretire';
  /** Whether this operation made the change, or an earlier one. */
  readonly fresh: boolean;
  readonly releases: readonly ChosenRelease[];
  readonly kept: readonly KeptRelease[];
  /** ISO 8601: until then it can be undone; afterwards the objects are removed. */
  readonly until?: string;
}

export interface Pinned {
  readonly channel: string;
  readonly action: 'pin' | 'unpin';
  /** Whether this operation made the change, or an earlier one. */
  readonly fresh: boolean;
  readonly release: string;
}

/** Where an object is, for whoever may delete it. */
export interface ObjectAddress {
  readonly bucket: string;
  readonly region: string;
  readonly endpoint?: string;
  readonly pathStyle?: 'path' | 'virtual';
  readonly key: string;
}

export interface TakenDown {
  readonly channel: string;
  readonly action: 'takedown';
  /** Whether this operation made the change, or an earlier one. */
  readonly fresh: boolean;
  readonly release: string;
  /** The channels that had the release, each with the release that it points to now. */
  readonly channels: readonly { readonly channel: string; readonly latest: string | null }[];
  readonly object?: ObjectAddress;
  /** The CloudFront distribution that delivers releases, whose caches may have the object. */
  readonly distributionId?: string;
}

export interface Revoked {
  readonly action: 'revoke' | 'unrevoke';
  /** Whether this operation made the change, or an earlier one. */
  readonly fresh: boolean;
  /** The entry in force; where there is none, only its kind and value. */
  readonly revocation: DenialEntry | Pick<DenialEntry, Denial['kind']>;
  /** The number of entries in force. */
  readonly inForce: number;
}

export interface ShownChannel extends About {
  readonly channel: string;
  readonly fileExtension: string;
  readonly channelUrl: string;
  readonly visibility: Visibility;
  /** Seconds: the channel is overdue when its latest release is older. */
  readonly maxAge: number | null;
  readonly latest: string | null;
  readonly permanentUrl?: string;
  /** The facts of the latest release, where they are known. */
  readonly facts?: LatestFacts;
  /** Lines for readers. Absent where the service is older than the command. */
  readonly snippets?: readonly Snippet[];
  readonly serial: number;
  /** The number of earlier releases. */
  readonly previous: number;
  /** The default target of a rollback; null where there is no earlier release. */
  readonly rollsBackTo: string | null;
  /** Whether the latest release became the latest by a rollback. */
  readonly rolledBack: boolean;
  /** Releases that the channel never points to, each with its reason. */
  readonly yanked: ChannelRecord['yanked'];
  /** Releases that are never retired. Absent, like what follows, where the service is older than the command. */
  readonly pinned?: ChannelRecord['pinned'];
  /** The releases that were retired last, newest first. */
  readonly retired?: readonly ({ readonly release: string } & Retirement)[];
  /** How many are retired. */
  readonly retiredCount?: number;
  readonly retain?: Retention;
  readonly history: HistoryPage;
}

export interface PartUrl {
  readonly partNumber: number;
  readonly url: string;
  /** To be sent exactly like this: they are signed, and S3 verifies the bytes by them. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface OpenUpload {
  readonly status: 'open';
  readonly upload: string;
  /** Bytes. */
  readonly partSize: number;
  /** The numbers of the parts that have arrived as declared. */
  readonly arrived: readonly number[];
  /** The next missing parts. */
  readonly parts: readonly PartUrl[];
  /** The `after` of the next page of URLs; absent on the last page. */
  readonly next?: number;
}

/** The answer to a dry run of a publication that would succeed. */
export interface Rehearsed {
  readonly status: 'rehearsed';
  readonly channel: string;
  readonly release: string;
}

export interface FoundFinding extends Finding {
  /** Whether this operation mended it; only in answers to POST. */
  readonly fixed?: boolean;
}

export interface DoctorPage {
  readonly findings: readonly FoundFinding[];
  /** The `after` of the next page; absent on the last page. */
  readonly next?: string;
}
