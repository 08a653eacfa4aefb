import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { apiProblem } from '../../../lib/client/api-problem.ts';
import { exitCodeOf, exitCodes } from '../../../lib/client/exit-codes.ts';
import { Problem } from '../../../lib/domain/problem.ts';

const url = new URL('https://api.test/publish/catalog?after=x');

describe('what the API or its gateway refuses', () => {
  it.each([
    ['our own words', 409, '{"detail":"Taken.","code":"other-bytes","field":"release"}', 'Taken.', 'other-bytes'],
    ["IAM's 403", 403, '{"message":"Forbidden"}', 'execute-api:Invoke on /publish/catalog', 'forbidden'],
    ["IAM's 403 without JSON", 403, 'no', 'refuses these AWS credentials', 'forbidden'],
    [
      "the gateway's 404",
      404,
      '{"message":"Not Found"}',
      'has no publish API at /publish/catalog: check --url',
      'not-found',
    ],
    ["the gateway's 503", 503, '{"message":"Service Unavailable"}', 'run the same command again', 'unavailable'],
    [
      "the gateway's 413",
      413,
      '{"message":"Request Too Long"}',
      'refused the request (413: Request Too Long)',
      'refused',
    ],
    ['anything else', 302, '', 'refused the request (302).', 'refused'],
    ['JSON that is no object', 400, '7', 'refused the request (400).', 'refused'],
    ['null', 400, 'null', 'refused the request (400).', 'refused'],
    ['details of wrong types', 400, '{"detail":7,"code":[]}', 'refused the request (400).', 'refused'],
  ])('is put into a sentence: %s', (_, status, body, sentence, code) => {
    expect(apiProblem({ status, body }, url)).toMatchObject({
      status,
      code,
      message: expect.stringContaining(sentence),
    });
  });

  it('is always a Problem', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.oneof(fc.json(), fc.string()), (status, body) => {
        expect(apiProblem({ status, body }, url)).toBeInstanceOf(Problem);
      }),
      { seed: 60 },
    );
  });
});

describe('the exit code', () => {
  it.each([
    [400, exitCodes.refused],
    [401, exitCodes.noAccess],
    [403, exitCodes.noAccess],
    [404, exitCodes.notFound],
    [410, exitCodes.notFound],
    [409, exitCodes.conflict],
    [412, exitCodes.conflict],
    [413, exitCodes.refused],
    [500, exitCodes.unavailable],
    [503, exitCodes.unavailable],
  ])('of a %i is %i', (status, code) => {
    expect(exitCodeOf(new Problem(status, 'x', 'x'))).toBe(code);
  });

  it('of anything else is that of a defect, and all are different', () => {
    expect([exitCodeOf(new Error('x')), exitCodeOf(undefined)]).toEqual([exitCodes.defect, exitCodes.defect]);
    expect(new Set(Object.values(exitCodes)).size).toBe(Object.keys(exitCodes).length);
  });
});
