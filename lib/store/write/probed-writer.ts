import { Conflict } from '../../api/problem.ts';
import type { BucketWriter } from './bucket-writer.ts';

/** Milliseconds for which a store that was found wanting is not asked again. */
const pause = 60_000;

/**
 * A 5xx would be tried again, which helps nothing, and nothing is wrong with the request either: it is the bucket's state that
 * stands against it, until its operator changes that.
 */
const refusal = (findings: readonly string[]): Conflict =>
  new Conflict(
    'no-conditional-writes',
    `Nothing was written: this bucket's store does not keep what publishing relies on. ${findings.join(' ')} Where only conditions (If-…) are not honoured, the operator of this service can set conditionalWrites to "serialised"; where parts are refused, partChecksum to "md5"; otherwise it takes another store.`,
  );

/** Finds out, before the first write, whether the store honours conditions, and writes nothing where it does not. */
export function probedWriter(
  writer: BucketWriter,
  probe: () => Promise<readonly string[]>,
  now: () => number,
): BucketWriter {
  let passed = false;
  let refused: { readonly error: Conflict; readonly until: number } | undefined;
  let probing: Promise<void> | undefined;

  async function ask(): Promise<void> {
    const findings = await probe();
    passed = findings.length === 0;
    if (passed) return;
    refused = { error: refusal(findings), until: now() + pause };
    throw refused.error;
  }

  async function honoured(): Promise<void> {
    if (passed) return;
    if (refused !== undefined && now() < refused.until) throw refused.error;
    probing ??= ask().finally(() => {
      probing = undefined;
    });
    await probing;
  }

  return {
    ...writer,
    async writeText(...write) {
      await honoured();
      return writer.writeText(...write);
    },
    async openUpload(...upload) {
      await honoured();
      return writer.openUpload(...upload);
    },
    async completeUpload(...completion) {
      await honoured();
      return writer.completeUpload(...completion);
    },
  };
}
