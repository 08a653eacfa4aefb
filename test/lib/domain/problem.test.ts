import { describe, expect, it } from '@jest/globals';
import { InvalidInput, Problem, Unavailable } from '../../../lib/domain/problem.ts';

describe('a problem', () => {
  it('has a status, a code for programs, a sentence, and the field that is invalid', () => {
    const problem = new InvalidInput('release', 'The release name is too long.');
    expect(problem).toMatchObject({ status: 400, code: 'invalid-input', field: 'release', name: 'Problem' });
    expect(String(problem)).toBe('Problem: The release name is too long.');
  });

  it('keeps its cause for the log', () => {
    const cause = new Error('away');
    expect(new Unavailable('Try again.', cause).cause).toBe(cause);
    expect('cause' in new Unavailable('Try again.')).toBe(false);
  });

  it('collects no stack, which would cost more than a good answer, and leaves other errors theirs', () => {
    expect(new Problem(404, 'not-found', 'There is none.').stack).toBe('Problem: There is none.');
    expect(new Error('a defect').stack).toContain('problem.test.ts');
  });
});
