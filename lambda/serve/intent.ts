import type { ChannelRecord } from '../../lib/domain/record.ts';
import type { ReleaseFacts } from '../../lib/domain/release-facts.ts';
import type { ObjectHead } from '../../lib/store/read/bucket-reader.ts';

/** A release that was asked for by its own name. */
interface Found {
  readonly key: string;
  readonly head: ObjectHead;
}

/** What was decided to answer, before it is put into HTTP. */
export type Intent =
  | { readonly kind: 'lead-to-release'; readonly key: string; readonly facts: ReleaseFacts }
  | ({ readonly kind: 'lead-to-bucket'; readonly url: string } & Found)
  | ({ readonly kind: 'describe-object' } & Found)
  | { readonly kind: 'not-modified'; readonly key: string; readonly etag: string; readonly head?: ObjectHead }
  | { readonly kind: 'show-channel'; readonly channel: string; readonly record: ChannelRecord };
