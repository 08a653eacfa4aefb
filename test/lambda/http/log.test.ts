import { describe, expect, it } from '@jest/globals';
import { describeError, lineLog } from '../../../lambda/http/log.ts';

describe('the log', () => {
  it('is one line of JSON a call', () => {
    const written: string[] = [];
    const log = lineLog((line) => written.push(line));
    log('info', 'published', { channel: 'a\nb' });
    log('warn', 'stale');
    expect(written).toEqual([
      '{"level":"info","message":"published","channel":"a\\nb"}\n',
      '{"level":"warn","message":"stale"}\n',
    ]);
  });

  it('has in every line what the function is known by', () => {
    const written: string[] = [];
    lineLog((line) => written.push(line), { service: 'Stack', function: 'publish' })('warn', 'overdue', { age: 7 });

    expect(written).toEqual(['{"level":"warn","message":"overdue","service":"Stack","function":"publish","age":7}\n']);
  });

  it.each([
    ['an error', new TypeError('wrong'), 'TypeError: wrong'],
    ['a code', Object.assign(new Error('reset'), { code: 'ECONNRESET' }), 'Error: ECONNRESET: reset'],
    ['a cause', new Error('away', { cause: new Error('reset') }), 'Error: away ← Error: reset'],
    ['an error without a message', new Error(''), 'Error'],
    ['an object without a name', { message: 'odd' }, 'Error: odd'],
    ['a text', 'text', 'text'],
    ['null', null, 'null'],
    ['nothing', undefined, 'undefined'],
  ])('describes %s', (_, error, text) => {
    expect(describeError(error)).toBe(text);
  });
});
