import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { Conflict, type ConflictCode, problemStatuses } from '../../../lib/api/problem.ts';

const checkout = fileURLToPath(new URL('../../..', import.meta.url));

/** By code, the status that the table of docs/api.md has. A row with several codes has a status for each, or one for all. */
function documented(): ReadonlyMap<string, number> {
  const [, table = ''] = readFileSync(`${checkout}/docs/api.md`, 'utf8').split(
    '\n| code | status | |\n|---|---|---|\n',
  );
  const [rows = ''] = table.split('\n\n');
  return new Map(
    rows
      .trimEnd()
      .split('\n')
      .flatMap((row) => {
        const [, codes = '', statuses = ''] = row.split('|');
        const numbers = statuses.split(',').map(Number);
        return codes.split(',').map((code, index): [string, number] => {
          const status = numbers.length === 1 ? numbers[0] : numbers[index];
          return [code.trim().replaceAll('`', ''), status ?? Number.NaN];
        });
      }),
  );
}

const conflicts = Object.entries(problemStatuses)
  .filter(([, status]) => status === 409)
  .map(([code]) => code as ConflictCode);

describe('the problem codes', () => {
  it('are those of docs/api.md, with the same statuses', () => {
    expect(Object.fromEntries(documented())).toEqual(problemStatuses);
  });

  it('are all used', () => {
    const sources = ['lambda/publish', 'lib/store/write'].flatMap((folder) =>
      readdirSync(`${checkout}/${folder}`, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFileSync(`${checkout}/${folder}/${name}`, 'utf8')),
    );
    const used = new Set(
      sources.flatMap((text) => [...text.matchAll(/new Conflict\(\s*'([\w-]+)'/g)].map(([, code]) => code)),
    );

    expect([...used].sort()).toEqual([...conflicts].sort());
  });

  it.each(conflicts)('give the conflict %s the status 409', (code) => {
    expect(new Conflict(code, 'No.')).toMatchObject({ status: 409, code, message: 'No.' });
  });
});
