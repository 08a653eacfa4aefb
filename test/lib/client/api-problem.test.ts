import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { apiProblem } from '../../../lib/client/api-problem.ts';
import { exitCodeOf, exitCodes } from '../../../lib/client/exit-codes.ts';
import { Problem } from '../../../lib/domain/problem.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const signed = { region: 'eu-central-1', now };
const url = new URL('https://api.test/publish/catalog?after=x');

describe('what the API or its gateway refuses', () => {
  it.each([
    ['our own words', 409, '{"detail":"Taken.","code":"other-bytes","field":"release"}', 'Taken.', 'other-bytes'],
    ["IAM's 403", 403, '{"message":"Forbidden"}', 'execute-api:Invoke on /publish/catalog', 'forbidden'],
    ["IAM's 403 without JSON", 403, 'no', 'signed for the region eu-central-1. Check who you are', 'forbidden'],
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
    expect(apiProblem({ status, body }, url, signed)).toMatchObject({
      status,
      code,
      message: expect.stringContaining(sentence),
    });
  });

  it.each([
    ['ahead of', 6 * 60, 'The clock of this machine is 6 min 0 s ahead of the service'],
    ['behind', -3_600, 'The clock of this machine is 60 min 0 s behind the service'],
  ])('names the clock and the region where the clock is %s the service', (_, seconds, sentence) => {
    const headers = { date: new Date(now - seconds * 1_000).toUTCString() };
    const { message } = apiProblem({ status: 403, body: '{"message":"Forbidden"}', headers }, url, signed);
    expect(message).toContain(sentence);
    expect(message).toContain('set the clock');
    expect(message).toContain('eu-central-1');
    expect(message).not.toContain('get-caller-identity');
  });

  it.each([
    [299, undefined],
    [-299, undefined],
    [0, 'yesterday'],
    [0, ''],
  ])('names no clock where it is %i s off and the Date header is %p', (seconds, header) => {
    const date = header ?? new Date(now - seconds * 1_000).toUTCString();
    const { message } = apiProblem({ status: 403, body: '', headers: { date } }, url, signed);
    expect(message).not.toContain('clock');
    expect(message).toContain('get-caller-identity');
  });

  it.each([
    [429, '3600', 'run the same command again in 60 min 0 s.'],
    [503, 'Thu, 01 Jan 2026 00:00:40 GMT', 'run the same command again in 40 s.'],
    [503, 'soon', 'run the same command again.'],
  ])('says when to try again after a %i with Retry-After %p', (status, retryAfter, sentence) => {
    const { message } = apiProblem({ status, body: '', headers: { 'retry-after': retryAfter } }, url, signed);
    expect(message).toContain(sentence);
  });

  it('is always a Problem', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.oneof(fc.json(), fc.string()), (status, body) => {
        expect(apiProblem({ status, body }, url, signed)).toBeInstanceOf(Problem);
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
