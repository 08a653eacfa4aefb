import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { powertoolsLog } from '../../../lambda/publish/powertools-log.ts';

describe("the publish function's log", () => {
  afterEach(() => void jest.restoreAllMocks());

  it('has the shape of the other function, and leaves out what is below its level', () => {
    const written: string[] = [];
    for (const stream of [process.stdout, process.stderr])
      jest.spyOn(stream, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    const log = powertoolsLog('Test', 'warn');
    log('info', 'published', { channel: 'demo' });
    log('warn', 'overdue', { channel: 'demo', ageSeconds: 7, missing: undefined });

    expect(written.map((line) => JSON.parse(line))).toEqual([
      { level: 'warn', message: 'overdue', service: 'Test', function: 'publish', channel: 'demo', ageSeconds: 7 },
    ]);
  });
});
