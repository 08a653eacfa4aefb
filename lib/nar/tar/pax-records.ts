import { ArchiveRefused } from '../archive-refused.ts';

export type PaxRecord = readonly [key: string, value: string];

/** "%d %s=%s\n", the length in bytes counting itself (POSIX pax, "pax Header Block"). Values are bytes as latin1 strings. */
export function parsePaxRecords(body: Buffer): readonly PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < body.length; ) {
    const blank = body.indexOf(0x20, at);
    const digits = blank < 0 || blank - at > 8 ? '' : body.toString('latin1', at, blank);
    const end = at + Number(digits);
    const equals = body.indexOf(0x3d, blank);
    const wellFormed = /^[1-9][0-9]*$/.test(digits) && end <= body.length && equals > blank + 1 && equals < end - 1;
    if (!wellFormed || body[end - 1] !== 0x0a) throw new ArchiveRefused('has an extended header that is malformed');
    records.push([body.toString('latin1', blank + 1, equals), body.toString('latin1', equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** Whole seconds: 1700000000.9 is 1700000000. What is before 1970 is cut towards it, which no fact depends on. */
export function paxTime(value: string): number | undefined {
  const match = /^(-?[0-9]{1,18})(\.[0-9]*)?$/.exec(value);
  const seconds = match ? Number(match[1]) : undefined;
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}

export function paxNumber(value: string): number | undefined {
  const number = /^[0-9]{1,16}$/.test(value) ? Number(value) : undefined;
  return Number.isSafeInteger(number) ? number : undefined;
}
