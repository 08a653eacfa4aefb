import type { Visibility } from '../domain/catalog.ts';
import type { Denial, DenialEntry } from '../domain/deny-list.ts';
import type { ChannelRecord, HistoryPage, LatestFacts } from '../domain/record.ts';
import type { Snippet } from '../domain/snippets.ts';
import type { Finding } from './finding.ts';

export interface Added {
  readonly channel: string;
  readonly fileExtension: string;
  readonly visibility: Visibility;
  /** Whether this very operation added it, rather than an earlier one. */
  readonly fresh: boolean;
  readonly channelUrl: string;
}

/** What is told of a channel that was moved or marked. */
export interface ChangedChannel {
  readonly channel: string;
  readonly action: string;
  /** Whether this very operation did it, rather than an earlier one. */
  readonly fresh: boolean;
  readonly latest: string | null;
  /** The latest before, where this operation changed anything. */
  readonly from?: string;
  readonly channelUrl: string;
  readonly permanentUrl?: string;
}

/** A channel's settings, and whether this very operation made them so. */
export interface ChannelSettings {
  readonly channel: string;
  readonly visibility: Visibility;
  /** Seconds: the age of the latest release after which the channel counts as overdue. */
  readonly maxAge: number | null;
  readonly fresh: boolean;
  readonly channelUrl: string;
}

/** A channel in a few words, or what keeps it from being served. */
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
  /** Ask again after this channel for the rest; absent on the last page. */
  readonly next?: string;
}

export interface RevocationList {
  /** Those in force, newest first. */
  readonly revocations: readonly DenialEntry[];
  /** Ask again after this for the rest; absent on the last page. */
  readonly next?: string;
}

/** What a publisher is told of a release that is published. */
export interface Published {
  readonly status: 'published';
  readonly channel: string;
  readonly release: string;
  /** Whether this very operation published it, rather than an earlier one. */
  readonly fresh: boolean;
  /** Whether the channel leads to it now. */
  readonly latest: boolean;
  /** What the channel leads to now. */
  readonly latestRelease: string | null;
  /** The latest before, where it has the very same bytes. */
  readonly sameAs?: string;
  readonly channelUrl: string;
  readonly permanentUrl: string;
  /** How readers use it; none where the channel leads to another release. Absent where the service is older than the command. */
  readonly snippets?: readonly Snippet[];
}

export interface Removed {
  readonly channel: string;
  /** Whether the channel is removed now: after a late repeat, another operation may have decided otherwise. */
  readonly removed: boolean;
  /** Whether this very operation did it, rather than an earlier one. */
  readonly fresh: boolean;
}

export interface Restored extends Removed {
  readonly latest: string | null;
  readonly visibility: Visibility;
  readonly channelUrl: string;
}

/** What is told of an entry that was made or taken back. */
export interface Revoked {
  readonly action: 'revoke' | 'unrevoke';
  /** Whether this very operation did it, rather than an earlier one. */
  readonly fresh: boolean;
  /** The entry as it is in force; what was asked for alone where none is. */
  readonly revocation: DenialEntry | Pick<DenialEntry, Denial['kind']>;
  /** How many entries are in force. */
  readonly inForce: number;
}

export interface ShownChannel {
  readonly channel: string;
  readonly fileExtension: string;
  readonly channelUrl: string;
  readonly visibility: Visibility;
  /** Seconds: the age of the latest release after which the channel counts as overdue. */
  readonly maxAge: number | null;
  readonly latest: string | null;
  readonly permanentUrl?: string;
  /** Those of the latest, where they are known. */
  readonly facts?: LatestFacts;
  /** How readers use it. Absent where the service is older than the command. */
  readonly snippets?: readonly Snippet[];
  readonly serial: number;
  /** How many releases were the latest before. */
  readonly previous: number;
  /** What a rollback leads to unless told otherwise; null where nothing earlier is left. */
  readonly rollsBackTo: string | null;
  /** Whether the latest became that by a rollback. */
  readonly rolledBack: boolean;
  /** Releases that the channel never leads to, each with why. */
  readonly yanked: ChannelRecord['yanked'];
  readonly history: HistoryPage;
}

export interface PartUrl {
  readonly partNumber: number;
  readonly url: string;
  /** To be sent exactly so: they are signed, and S3 checks the bytes against them. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a publisher is told of an upload that is open. */
export interface OpenUpload {
  readonly status: 'open';
  readonly upload: string;
  /** Bytes. */
  readonly partSize: number;
  /** The numbers of the parts that are there as declared. */
  readonly arrived: readonly number[];
  /** The next parts that are missing. */
  readonly parts: readonly PartUrl[];
  /** Ask again after this part for the URLs of the rest; absent when these are all. */
  readonly next?: number;
}

/** The answer to a dry run against which nothing speaks. */
export interface Rehearsed {
  readonly status: 'rehearsed';
  readonly channel: string;
  readonly release: string;
}

export interface FoundFinding extends Finding {
  /** Whether this operation mended it; only where it was asked to. */
  readonly fixed?: boolean;
}

export interface DoctorPage {
  readonly findings: readonly FoundFinding[];
  /** Ask again after this for the rest; absent on the last page. */
  readonly next?: string;
}
