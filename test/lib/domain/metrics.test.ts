import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { metrics } from '../../../lib/domain/metrics.ts';
import { outcomes } from '../../../lib/domain/outcomes.ts';

const guide = readFileSync(new URL('../../../docs/operate.md', import.meta.url), 'utf8');

describe('docs/operate.md', () => {
  it('has each metric with its unit and dimensions, and no other', () => {
    const rows = [...guide.matchAll(/^\| `([A-Z]\w+)` \| (\w+) \| ([\w, ]+) \| /gm)].map(
      ([, name, unit, dimensions = '']) => [name, { unit, dimensions: dimensions.split(', ') }],
    );

    expect(Object.fromEntries(rows)).toEqual(metrics);
  });

  it('has each outcome', () => {
    for (const outcome of outcomes) expect(guide).toContain(`\`${outcome}\``);
  });
});
