import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lineLog } from '../../../lambda/http/log.ts';
import { terminalLog } from '../../../lib/local/terminal-log.ts';

const noon = new Date(2026, 5, 1, 12, 3, 4).getTime();

function rig() {
  let text = '';
  const { write, onAnswer } = terminalLog(
    () => noon,
    (printed) => {
      text += printed;
    },
  );
  return { write, onAnswer, log: lineLog(write), printed: () => text };
}

const answered = { requestId: '1', method: 'GET', path: '/channel/demo.tar.xz', status: 307 };

describe('the log for people', () => {
  it('has one line per request: time, status, method, path and release', () => {
    const { write, onAnswer, printed } = rig();
    write(`${JSON.stringify({ _aws: {}, message: 'request', requestId: '1', release: 'demo-1', Latency: 3 })}\n`);
    onAnswer(answered);
    onAnswer({ ...answered, path: '/none', status: 404 });
    expect(printed()).toBe('12:03:04 307 GET /channel/demo.tar.xz demo-1\n12:03:04 404 GET /none\n');
  });

  it('has no metrics', () => {
    const { write, printed } = rig();
    write(`${JSON.stringify({ _aws: {}, service: 'local', OperationLatency: 3 })}\n`);
    expect(printed()).toBe('');
  });

  it("has the functions' other log lines", () => {
    const { log, printed } = rig();
    log('warn', 'stale', { keys: ['demo.json'], error: 'Error: away' });
    log('error', 'defect', { requestId: '1', error: 'TypeError: x', stack: 'TypeError: x\n    at y' });
    expect(printed()).toBe(
      '12:03:04 warn stale keys: ["demo.json"] error: Error: away\n' +
        '12:03:04 error defect error: TypeError: x\n  TypeError: x\n      at y\n',
    );
  });

  it('has no control characters, and lines of limited length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (path) => {
        const { onAnswer, printed } = rig();
        onAnswer({ ...answered, path: `/${path}` });
        expect(printed().slice(0, -1)).not.toMatch(/\p{Cc}/u);
        expect(printed().length).toBeLessThan(130);
      }),
    );
  });
});
