import { describe, expect, it } from '@jest/globals';
import { workerArguments } from '../../../lib/server/team.ts';

describe('what node is given for a worker', () => {
  it('is what the server itself was given, and a smaller young generation', () => {
    expect(workerArguments([], {})).toEqual(['--max-semi-space-size=8']);
    expect(workerArguments(['--no-warnings'], { NODE_OPTIONS: '--max-old-space-size=200' })).toEqual([
      '--no-warnings',
      '--max-semi-space-size=8',
    ]);
  });

  it('is what the operator chose', () => {
    expect(workerArguments(['--max-semi-space-size=32'], {})).toEqual(['--max-semi-space-size=32']);
    expect(workerArguments([], { NODE_OPTIONS: '--trace-gc --max-semi-space-size=4' })).toEqual([]);
  });
});
