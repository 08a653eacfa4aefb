import type { ChannelRecord } from '../../lib/domain/record.ts';
import type { ReleaseFacts } from '../../lib/domain/release-facts.ts';
import type { ObjectHead } from '../../lib/store/read/bucket-reader.ts';

/** What was decided to answer, before it is put into HTTP. */
export type Intent =
  | { readonly kind: 'lead-to-release'; readonly key: string; readonly facts: ReleaseFacts }
  | { readonly kind: 'lead-to-bucket'; readonly url: string }
  | { readonly kind: 'describe-object'; readonly head: ObjectHead }
  | { readonly kind: 'not-modified'; readonly etag: string }
  | { readonly kind: 'show-channel'; readonly channel: string; readonly record: ChannelRecord };
