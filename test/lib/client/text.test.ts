import { describe, expect, it } from '@jest/globals';
import { createProgress, formatSeconds, table } from '../../../lib/client/text.ts';
import { formatBytes } from '../../../lib/domain/release.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const mebibyte = 1024 ** 2;

function rig(terminal: boolean, columns?: number) {
  const clock = new FakeClock();
  const written: string[] = [];
  return {
    clock,
    written,
    progress: createProgress({
      write: (text) => void written.push(text),
      terminal,
      columns: () => columns,
      now: clock.now,
    }),
  };
}

describe('a table', () => {
  it('is as wide as its widest cell, however many rows it has', () => {
    const rows = Array.from({ length: 300_000 }, (_, index) => [String(index), 'x']);
    const lines = table(rows).split('\n');
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([300_000, '0       x', '299999  x']);
  });
});

describe('progress', () => {
  it('is one moving line on a terminal, drawn ten times a second at most, and gone at the end', () => {
    const { clock, written, progress } = rig(true);
    progress.begin('uploading', 10 * mebibyte);
    progress.bytes(0);
    clock.advance(99);
    progress.bytes(mebibyte);
    clock.advance(901);
    progress.bytes(2 * mebibyte);
    progress.end();
    expect(written).toEqual([
      '\r\x1b[Kuploading 0 % of 10 MiB',
      '\r\x1b[Kuploading 20 % of 10 MiB, 2 MiB/s, 4 s left',
      '\r\x1b[K',
    ]);
  });

  it('counts its rate without what had arrived before', () => {
    const { clock, written, progress } = rig(true);
    progress.begin('uploading', 10 * mebibyte);
    progress.bytes(8 * mebibyte);
    clock.advance(1_000);
    progress.bytes(9 * mebibyte);
    expect(written.at(-1)).toContain('90 % of 10 MiB, 1 MiB/s, 1 s left');
  });

  it.each([
    [80, 'uploading 20 % of 10 MiB, 2 MiB/s, 4 s left'],
    [44, 'uploading 20 % of 10 MiB, 2 MiB/s, 4 s left'],
    [43, 'uploading 20 % of 10 MiB, 2 MiB/s'],
    [34, 'uploading 20 % of 10 MiB, 2 MiB/s'],
    [33, 'uploading 20 % of 10 MiB'],
    [20, 'uploading 20 %'],
    [8, 'uploadi'],
    [0, 'uploading 20 % of 10 MiB, 2 MiB/s, 4 s left'],
  ])('stays on one line of a terminal with %i columns', (columns, line) => {
    const { clock, written, progress } = rig(true, columns);
    progress.begin('uploading', 10 * mebibyte);
    progress.bytes(0);
    clock.advance(1_000);
    progress.bytes(2 * mebibyte);
    expect(written.at(-1)).toBe(`\r\x1b[K${line}`);
  });

  it('is whole where there is nothing to do', () => {
    const { written, progress } = rig(true);
    progress.begin('packing', 0);
    progress.bytes(0);
    expect(written.at(-1)).toBe('\r\x1b[Kpacking 100 % of 0 B');
  });

  it('is a line per step elsewhere', () => {
    const { clock, written, progress } = rig(false);
    for (const step of ['hashing', 'uploading']) {
      progress.begin(step, 7);
      clock.advance(1_000);
      progress.bytes(7);
      progress.end();
    }
    expect(written).toEqual(['hashing 7 B\n', 'uploading 7 B\n']);
  });

  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [1_023, '1023 B'],
    [1_024, '1 KiB'],
    [1_536, '1.5 KiB'],
    [5 * 1024 ** 3, '5 GiB'],
    [5 * 1024 ** 4, '5 TiB'],
    [5 * 1024 ** 5, '5120 TiB'],
  ])('writes %i bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0.2, '1 s'],
    [59, '59 s'],
    [59.5, '1 min 0 s'],
    [61, '1 min 1 s'],
    [7_200, '120 min 0 s'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});
