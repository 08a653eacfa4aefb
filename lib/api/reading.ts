import type { ReleaseFacts } from '../domain/release.ts';

/** A release as readers see it. What nobody declared is absent. */
export interface ReadableRelease extends ReleaseFacts {
  readonly release: string;
  /** The permanent URL. It is absent where the release was yanked or retired. */
  readonly url?: string;
  /** When the channel first pointed to it, in ISO 8601; absent where the record no longer has that. */
  readonly publishedAt?: string;
  /** Bytes. */
  readonly size?: number;
  /** The page of the rev, where the homepage of the channel is a repository of a known forge. */
  readonly revUrl?: string;
  readonly yanked?: { readonly reason?: string; readonly at?: string };
  /** The release is no longer available. `until` is the end of the time in which that can be undone. */
  readonly retired?: {
    readonly reason: string;
    readonly at: string;
    readonly until: string;
    /** The name of a release to use instead. */
    readonly instead?: string;
  };
}

/** `empty`: no release is published at present. `unreadable`: its record is missing or damaged. */
export type ChannelState = 'served' | 'empty' | 'removed' | 'unreadable';

interface ReadableChannel {
  readonly channel: string;
  readonly state: ChannelState;
  /** The URL that always leads to the latest release; absent where the channel was removed. */
  readonly url?: string;
  /** What the operator says about it: an http or https URL; one line of text. */
  readonly homepage?: string;
  readonly description?: string;
  /** Further names in the flake registry. */
  readonly aliases?: readonly string[];
  /** Null where there is none. */
  readonly latest: ReadableRelease | null;
}

/** `GET /index.json`: the channels that the reader may read, by name. */
export interface IndexDocument {
  /**
   * What the list is made for: `open` where everybody may read everything, `token` for the reader's token, `public` for a reader
   * without a token that is accepted, who gets the public channels alone.
   */
  readonly access: 'open' | 'token' | 'public';
  readonly channels: readonly ReadableChannel[];
  /** For `?after=` of the next page; absent on the last page. */
  readonly next?: string;
}

/** One move of a channel, newest first in the document. */
export interface ReadableChange {
  readonly action: string;
  readonly at: string;
  readonly release?: string;
  /** Of a retirement of several releases: how many. */
  readonly count?: number;
  readonly from?: string;
  readonly to?: string;
  readonly source?: string;
  readonly reason?: string;
}

/** `GET /channel/{channel}.json` */
export interface ChannelDocument extends ReadableChannel {
  readonly extension: string;
  /** On the first page only: lines to use the latest release. */
  readonly snippets?: readonly { readonly use: string; readonly text: string }[];
  /** Newest first: the latest one, then the earlier ones. */
  readonly releases: readonly ReadableRelease[];
  /** Newest first, on the first page alone: the publications, promotions, rollbacks, yanks, retirements and takedowns that the record still has. */
  readonly history: readonly ReadableChange[];
  /** For `?after=` of the next page of releases; absent on the last page. */
  readonly next?: string;
}

/** The format of Nix's flake registries, version 2 (Nix manual, `nix registry`). */
export interface FlakeRegistry {
  readonly version: 2;
  readonly flakes: readonly {
    readonly from: { readonly type: 'indirect'; readonly id: string; readonly ref?: string };
    readonly to: { readonly type: 'tarball'; readonly url: string };
    /** Only this very reference is replaced, so that no ref is carried over to a tarball, which has none. */
    readonly exact: true;
  }[];
}
