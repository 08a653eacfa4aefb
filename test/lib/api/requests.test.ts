import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseAddition, parsePin, parseRetirement, parseTakedown } from '../../../lib/api/admin-requests.ts';
import { parseDeclaration, parsePublication } from '../../../lib/api/requests.ts';
import { InvalidInput } from '../../../lib/domain/problem.ts';
import { anyText } from '../../support/any-text.ts';
import { sha256 } from '../../support/memory-bucket.ts';
import { declarationOf, type PublishRig, publishRig } from '../../support/publish-rig.ts';

const routes = {
  add: 'POST /publish/catalog',
  declare: 'POST /publish/channels/{channel}/uploads',
  commit: 'POST /publish/channels/{channel}/releases',
  retire: 'POST /publish/retirements/{channel}',
  pin: 'POST /publish/pins/{channel}',
  takeDown: 'POST /publish/takedowns/{channel}',
} as const;

async function rig(): Promise<PublishRig> {
  const made = publishRig();
  await made.add('demo');
  made.bucket.calls.length = 0;
  return made;
}

const sound = declarationOf({ release: 'demo-1', operation: 'operation-a' }) as Record<string, unknown>;
const part = sha256('x', 'base64');
const mebibytes = 1024 ** 2;

describe('the body of a request', () => {
  it.each([
    ['missing', undefined, 'has no body'],
    ['empty', '', 'has no body'],
    ['no JSON', '{"token": "s3cret"', 'is not JSON'],
    ['over 1 MB', JSON.stringify({ ...sound, note: 'x'.repeat(1_000_000) }), 'over 1000000 bytes'],
    ['over 1 MB in fewer characters', JSON.stringify('é'.repeat(500_000)), 'over 1000000 bytes'],
    ['an array', '[]', 'body is invalid: expected object'],
    ['null', 'null', 'body is invalid: expected object'],
    ['a text', '"x"', 'body is invalid: expected object'],
  ])('is refused on every route if it is %s', async (_, body, detail) => {
    const { call, bucket } = await rig();
    for (const route of Object.values(routes)) {
      const answer = await call(route, { channel: 'demo', ...(body === undefined ? {} : { body }) });
      expect(answer).toMatchObject({
        status: 400,
        contentType: 'application/problem+json',
        body: {
          type: 'about:blank',
          status: 400,
          code: 'invalid-input',
          field: 'body',
          detail: expect.stringContaining(detail),
        },
      });
      expect(JSON.stringify(answer.body)).not.toContain('s3cret');
    }
    expect(bucket.calls).toEqual([]);
  });

  it('is refused with an unknown field, which the answer names', async () => {
    const { call } = await rig();
    const bodies = {
      add: { operation: 'operation-a', channel: 'x', extension: '.iso' },
      declare: { ...sound, channel: 'demo' },
      commit: { operation: 'operation-a', upload: 'operation-a', release: 'demo-1' },
    };
    const fields = { add: 'extension', declare: 'channel', commit: 'release' };
    for (const name of ['add', 'declare', 'commit'] as const)
      expect(await call(routes[name], { channel: 'demo', body: bodies[name] })).toMatchObject({
        status: 400,
        body: { field: fields[name], detail: `There is no field "${fields[name]}" in this request.` },
      });
  });

  it.each([
    ['release', 7, 'release is invalid: expected string.'],
    ['force', 'yes', 'force is invalid: expected boolean.'],
    ['size', '7', 'size is invalid: expected a whole number.'],
    ['size', 0, 'size is invalid: expected at least 1: a release is not empty.'],
    ['partSha256s', 'x', 'partSha256s is invalid: expected array.'],
  ])('with a wrong %s %j says what is expected', (field, value, message) => {
    expect(() => parseDeclaration(JSON.stringify({ ...sound, [field]: value }))).toThrow(message);
  });

  it.each<[string, unknown, string?]>([
    ['operation', undefined],
    ['operation', 'short'],
    ['operation', 'x'.repeat(65)],
    ['operation', 'with/slash'],
    ['operation', 'operation-a\n'],
    ['operation', 7],
    ['release', undefined],
    ['release', ''],
    ['release', 'a/b'],
    ['release', '../demo'],
    ['release', 'a+b'],
    ['release', 'a.json'],
    ['release', 'a.TAR.XZ'],
    ['release', '\ud800'],
    ['release', 'a'.repeat(129)],
    ['release', null],
    ['size', 0],
    ['size', -1],
    ['size', 1.5],
    ['size', '7'],
    ['size', 5 * 1024 ** 4 + 1],
    ['size', 1e300],
    ['sha256', 'ab'],
    ['sha256', undefined],
    ['sha256', part],
    ['partSha256s', []],
    ['partSha256s', [part, part]],
    ['partSha256s', 'x'],
    ['partSha256s', ['ab'.repeat(32)], 'partSha256s.0'],
    ['partSha256s', [null], 'partSha256s.0'],
    ['partMd5s', []],
    ['partMd5s', ['ab'.repeat(16)], 'partMd5s.0'],
    ['md5', 'x'],
    ['md5', 'AB'.repeat(16)],
    ['rev', 'main'],
    ['rev', '0a'.repeat(21)],
    ['rev', null],
    ['revCount', -1],
    ['revCount', '7'],
    ['revCount', 2 ** 53],
    ['lastModified', 1.5],
    ['lastModified', -1],
    ['lastModified', 1e15],
    ['narHash', 'sha256-x'],
    ['narHash', `sha512-${part}`],
    ['archive', { flake: true }, 'archive.topLevelEntries'],
    ['archive', { flake: true, topLevelEntries: 0 }, 'archive.topLevelEntries'],
    ['archive', { flake: 'yes', topLevelEntries: 1 }, 'archive.flake'],
    ['archive', { flake: true, topLevelEntries: 1, size: 7 }, 'size'],
    ['force', 'yes'],
  ])('is refused with the %s %j', async (field, value, named = field) => {
    const { call, bucket } = await rig();
    const answer = await call(routes.declare, { channel: 'demo', body: { ...sound, [field]: value } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-input', field: named } });
    expect(answer.body.detail.length).toBeLessThan(400);
    expect(bucket.uploads.size).toBe(0);
  });

  it('is refused if it declares more or fewer parts than a file of that size has', async () => {
    const { call } = await rig();
    for (const count of [1, 3]) {
      const body = { ...sound, size: 17 * mebibytes, partSha256s: Array.from({ length: count }, () => part) };
      expect(await call(routes.declare, { channel: 'demo', body })).toMatchObject({
        status: 400,
        body: { field: 'partSha256s', detail: expect.stringContaining(`has 2 parts, but ${count} are declared`) },
      });
    }
  });

  it.each(['release', 'channel', 'operation', 'upload'])(
    'is checked before any request to the bucket: %s',
    async (field) => {
      const { call, bucket } = await rig();
      await call(field === 'channel' ? routes.add : routes.commit, { channel: 'demo', body: { [field]: 7 } });
      expect(bucket.calls).toEqual([]);
    },
  );

  it('is read if it comes in base64', async () => {
    const { call } = await rig();
    expect(await call(routes.declare, { channel: 'demo', body: sound, base64: true })).toMatchObject({
      status: 200,
      body: { status: 'open' },
    });
  });

  it('has room for 10,000 parts in under 1 MB', () => {
    const body = JSON.stringify({
      ...sound,
      size: 160_000 * mebibytes,
      partSha256s: Array.from({ length: 10_000 }, () => part),
    });
    expect(Buffer.byteLength(body)).toBeLessThan(1_000_000);
    expect(parseDeclaration(body).partSha256s).toHaveLength(10_000);
  });

  it('is read with its hashes in lower case', () => {
    const upper = { ...sound, sha256: (sound.sha256 as string).toUpperCase(), rev: '0A'.repeat(20) };
    const parsed = parseDeclaration(JSON.stringify(upper));
    expect(parsed.md5).toBeUndefined();
    expect(parsed).toMatchObject({
      sha256: sound.sha256,
      force: false,
      facts: { rev: '0a'.repeat(20), sha256: sound.sha256 },
    });
  });
});

describe('a route of no operation', () => {
  it.each(['GET /publish/none', '$default', 'constructor', '__proto__', 'toString', ''])(
    'is answered 404: %j',
    async (routeKey) => {
      const { call } = await rig();
      expect(await call(routeKey, { body: {} })).toMatchObject({ status: 404, body: { code: 'not-found' } });
    },
  );
});

describe('any body', () => {
  const parsers = [parseAddition, parseDeclaration, parsePublication, parseRetirement, parsePin, parseTakedown];
  const odd = fc.oneof(fc.anything({ maxDepth: 2 }), fc.constantFrom('', 'demo', '../x', -1, 1e300, null, [], {}));
  const mutated = fc
    .dictionary(
      fc.oneof(
        fc.constantFrom(
          ...Object.keys(sound),
          'upload',
          'channel',
          'force',
          'md5',
          'rev',
          'releases',
          'reason',
          'keep',
          '__proto__',
        ),
        fc.string(),
      ),
      odd,
      { maxKeys: 4 },
    )
    .map((changes) =>
      JSON.stringify({ ...sound, ...changes }, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    );
  const body = fc.oneof(mutated, fc.json(), anyText());

  it('is read, or refused as invalid input', () => {
    fc.assert(
      fc.property(body, (text) => {
        for (const parse of parsers)
          try {
            parse(text);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidInput);
          }
      }),
      { seed: 50, numRuns: 500 },
    );
  });

  it('is never answered with 5xx, on any route, for any channel and id', async () => {
    const text = fc.oneof(fc.constantFrom('demo', 'operation-a'), anyText(30));
    const { call } = await rig();
    await fc.assert(
      fc.asyncProperty(body, text, text, fc.boolean(), async (sent, channel, id, base64) => {
        const answers = [
          ...(await Promise.all(Object.values(routes).map((route) => call(route, { channel, body: sent, base64 })))),
          await call('GET /publish/channels/{channel}', { channel, query: { after: id } }),
          await call('GET /publish/channels/{channel}/uploads/{id}', { channel, id, query: { after: id } }),
          await call('GET /publish/catalog', { query: { after: id } }),
        ];
        for (const { status, contentType, body: problem } of answers) {
          expect([200, 400, 404, 409, 410]).toContain(status);
          if (status !== 200) expect([contentType, problem.status]).toEqual(['application/problem+json', status]);
        }
      }),
      { seed: 51, numRuns: 200 },
    );
  });
});
