import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { etagsOf, readRequest } from '../../../lambda/serve/read-request.ts';
import { Problem } from '../../../lib/domain/problem.ts';
import { anyText } from '../../support/any-text.ts';
import { gatewayEvent } from '../../support/gateway-event.ts';

const read = (rawPath: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
  readRequest(gatewayEvent({ routeKey: '', method, rawPath, headers }));

describe('what a reader asks for', () => {
  it.each([
    ['/channel/demo.tar.xz', { kind: 'channel', file: 'demo.tar.xz' }],
    ['/channel/demo', { kind: 'channel', file: 'demo' }],
    ['/channel/a b', { kind: 'channel', file: 'a+b' }],
    ['/channel/demo/nixexprs.tar.xz', { kind: 'named', channel: 'demo', as: 'latest' }],
    ['/channel/a b/nixexprs.tar.bz2', { kind: 'named', channel: 'a+b', as: 'latest' }],
    ['/channel/nixos-25.05.json', { kind: 'named', channel: 'nixos-25.05', as: 'json' }],
    ['/channel/demo/git-revision', { kind: 'named', channel: 'demo', as: 'rev' }],
    ['/channel/demo/feed.atom', { kind: 'named', channel: 'demo', as: 'feed' }],
    ['/', { kind: 'index', as: 'page' }],
    ['/index.json', { kind: 'index', as: 'json' }],
    ['/flake-registry.json', { kind: 'index', as: 'registry' }],
    ['/permanent/a-1+b.tar.xz', { kind: 'permanent', key: 'a-1+b.tar.xz' }],
  ])('is found at %s', (path, target) => {
    expect(read(path)).toEqual({ method: 'GET', target, knownEtags: [], resumes: false });
    expect(read(path, {}, 'HEAD').method).toBe('HEAD');
  });

  it.each([
    '',
    '/index.html',
    '/index.json/',
    '//',
    '/channel/demo/git-revision/',
    'channel/demo',
    '/Channel/demo',
    '/publish/catalog',
    '/channel/demo/',
    '/channel/demo/nixexprs.tar.',
    '/channel/demo/nixexprs.tar.XZ',
    '/channel/demo/nixexprs.tar.xz/',
    '/permanent/a/b',
    '/permanent/a/',
    '//channel/demo',
  ])('is nothing at %j', (path) => {
    expect(() => read(path)).toThrow(expect.objectContaining({ status: 404 }));
  });

  it('fails with a Problem that is not ours to mend, or is read, whatever is sent', () => {
    const text = anyText();
    const path = fc.oneof(
      text,
      text.map((rest) => `/channel/${rest}`),
      text.map((rest) => `/permanent/${rest}`),
    );
    fc.assert(
      fc.property(
        path,
        fc.dictionary(fc.constantFrom('range', 'if-none-match', 'x'), text),
        text,
        (rawPath, headers, method) => {
          try {
            read(rawPath, headers, method.length > 3 ? method : 'GET');
          } catch (error) {
            expect(error).toBeInstanceOf(Problem);
            expect([404, 405]).toContain((error as Problem).status);
          }
        },
      ),
      { seed: 40, numRuns: 500 },
    );
  });
});

describe('the entity tags of a header', () => {
  it('are those that were put into it', () => {
    const tag = fc.stringMatching(/^[!#-~]{0,20}$/).map((inner) => `"${inner}"`);
    const mark = fc.constantFrom('', 'W/');
    const join = fc.constantFrom(', ', ',', ' ,\t');
    fc.assert(
      fc.property(fc.array(fc.tuple(mark, tag)), join, (tags, separator) => {
        const header = tags.map((parts) => parts.join('')).join(separator);
        expect(etagsOf(header)).toEqual(tags.map(([, inner]) => inner));
      }),
      { seed: 41 },
    );
  });

  it.each([[undefined], [''], ['*'], ['e'], ['"'], ['W/']])('are none in %j', (header) => {
    expect(etagsOf(header)).toEqual([]);
  });
});
