import { describe, expect, it } from '@jest/globals';
import { logFrom, parseLogLevel } from '../../../lambda/http/log-level.ts';
import { BadSetting } from '../../../lib/domain/bad-setting.ts';

describe('the level of the log', () => {
  it.each([
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
  ] as const)('%s writes %j', (least, expected) => {
    const written: string[] = [];
    const log = logFrom(least, (level, message, fields) => written.push(`${level} ${message} ${fields?.a}`));
    for (const level of ['info', 'warn', 'error'] as const) log(level, 'm', { a: 1 });
    expect(written).toEqual(expected.map((level) => `${level} m 1`));
  });

  it('is info unless set', () => {
    expect([undefined, '', 'warn'].map(parseLogLevel)).toEqual(['info', 'info', 'warn']);
  });

  it('is refused by name', () => {
    expect(() => parseLogLevel('debug')).toThrow(new BadSetting('LOG_LEVEL', 'must be one of info, warn, error'));
  });
});
