import { escapeControls } from '../../lib/domain/names.ts';
import { Gone, type Problem } from '../../lib/domain/problem.ts';
import { type ChannelRecord, resolvedRelease } from '../../lib/domain/record.ts';
import { type Retirement, retirementOf } from '../../lib/domain/retirement.ts';
import { channelUrl, permanentUrl } from '../../lib/domain/urls.ts';

/** A record that this reader may read, and that has something to say of a release. */
export interface RecordOfRelease {
  readonly channel: string;
  readonly record: ChannelRecord;
}

/** Nix shows a text to its user if it is under 1,024 bytes. */
const maxTextBytes = 1_000;

/** As many whole characters as fit. */
function shortened(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  let short = '';
  for (const character of text) {
    if (Buffer.byteLength(`${short}${character}…`) > maxBytes) break;
    short += character;
  }
  return `${short}…`;
}

function sentence({ channel, record }: RecordOfRelease, release: string, mark: Retirement, base: string): string {
  const { reason, at, instead, takedown } = mark;
  const day = Number.isNaN(Date.parse(at)) ? '' : ` on ${new Date(at).toISOString().slice(0, 10)}`;
  const begin = `The release "${release}" was ${takedown === true ? 'taken down' : 'retired'}${day}`;
  const end =
    instead !== undefined
      ? `Use "${escapeControls(instead)}" instead: ${permanentUrl(base, instead + record.fileExtension)}`
      : record.removed === undefined
        ? `The newest release is at ${channelUrl(base, channel, record.fileExtension)}`
        : '';
  const room = maxTextBytes - Buffer.byteLength(`${begin}: . ${end}`);
  const because = shortened(escapeControls(reason.toWellFormed()).replace(/[\s.]+$/, ''), Math.max(0, room));
  return `${begin}${because === '' ? '' : `: ${because}`}.${end === '' ? '' : ` ${end}`}`;
}

interface Question {
  readonly key: string;
  /** Whether the bucket still has the object. */
  readonly isThere: boolean;
  readonly records: readonly RecordOfRelease[];
  /** Reads some of the records that are not in memory yet. */
  readonly unread: () => Promise<readonly RecordOfRelease[]>;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly maxAgeMs: number;
  readonly baseUrl: string;
}

/**
 * What is answered instead of a retired release; undefined where it is still served. A retirement takes effect when every function
 * must have seen it: until then another one may lead readers to the release, which was the latest a moment ago. So does a
 * release that a channel leads to nevertheless, because it was promoted at the same time, stay available. A takedown waits for
 * nothing. Where a channel gave the release up for itself only, another one may have retired it since.
 */
export async function retiredProblem(question: Question): Promise<Problem | undefined> {
  const { key, isThere, now, maxAgeMs, baseUrl } = question;
  const releaseIn = ({ fileExtension }: ChannelRecord): string => key.slice(0, key.length - fileExtension.length);
  const marksIn = (records: readonly RecordOfRelease[]) =>
    records.flatMap((one) => {
      const mark = retirementOf(one.record, releaseIn(one.record));
      return mark === undefined ? [] : [{ ...one, mark }];
    });
  const isShared = isThere && marksIn(question.records).every(({ mark }) => mark.shared === true);
  const records = isShared ? [...question.records, ...(await question.unread())] : question.records;
  const marks = marksIn(records);
  const isNeeded = records.some(({ record }) => resolvedRelease(record) === releaseIn(record));
  const isInEffect = ({ takedown, shared, at }: Retirement): boolean =>
    takedown === true || !isThere || (shared !== true && !isNeeded && !(now - Date.parse(at) < maxAgeMs));
  const [found] = marks
    .filter(({ mark }) => isInEffect(mark))
    .sort((one, other) => Number(other.mark.takedown ?? false) - Number(one.mark.takedown ?? false));
  return found && new Gone(sentence(found, releaseIn(found.record), found.mark, baseUrl));
}
