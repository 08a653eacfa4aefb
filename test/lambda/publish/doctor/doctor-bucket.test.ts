import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DoctorPage, FoundFinding } from '../../../../lib/api/answers.ts';
import { finding, findingKinds } from '../../../../lib/api/finding.ts';
import { parseRecord } from '../../../../lib/domain/record.ts';
import { away } from '../../../support/memory-bucket.ts';
import { newOperation, type PublishRig, publisher, publishRig } from '../../../support/publish-rig.ts';

const rev = 'a'.repeat(40);
const operation = 'operation-of-this-run';

/** All pages, and how many there were. */
async function walk({ call }: PublishRig, fix: boolean, id = operation): Promise<readonly FoundFinding[][]> {
  const pages: FoundFinding[][] = [];
  let after: string | undefined;
  do {
    const query = after === undefined ? {} : { after };
    const { status, body } = fix
      ? await call('POST /publish/doctor', { body: { operation: id, ...query } })
      : await call('GET /publish/doctor', { query });
    expect([status, body]).toEqual([200, expect.objectContaining({ findings: expect.any(Array) })]);
    const { findings, next } = body as DoctorPage;
    pages.push([...findings]);
    after = next;
  } while (after !== undefined && pages.length < 1_000);
  return pages;
}

const examine = async (rig: PublishRig) => (await walk(rig, false)).flat();
const mend = async (rig: PublishRig, id?: string) => (await walk(rig, true, id)).flat();
const brief = (findings: readonly FoundFinding[]): string[] =>
  findings.map(({ kind, subject }) => `${kind} ${subject}`);

/** A channel whose record can be mended in four ways. */
function damaged(): PublishRig {
  const rig = publishRig();
  const { bucket } = rig;
  bucket.putJson('channels.json', { channels: ['demo', 'demo', 'old', 'gone'], removed: ['old'] });
  bucket.putJson('demo.json', {
    latest: 'demo-2',
    file_extension: '.tar.xz',
    previous: ['demo-1', 'demo-1', 'demo-2'],
    serial: 7,
    facts: { release: 'demo-1', etag: '"x"', rev },
    mine: 'kept',
  });
  bucket.put('demo-1.tar.xz', 'one');
  bucket.put('demo-2.tar.xz', 'two', { rev, channel: 'demo' });
  bucket.putJson('gone.json', { latest: null, file_extension: '.tar.xz', previous: [], removed: { at: 'then' } });
  return rig;
}

const mendable = [
  'catalog-duplicate demo',
  'catalog-removed old',
  'previous-duplicate demo',
  'latest-in-previous demo',
  'facts-stale demo',
  'record-removed gone',
  'release-facts-missing demo',
];

describe('GET /publish/doctor', () => {
  it('finds nothing in a bucket of our own', async () => {
    const rig = publishRig();
    await rig.add('demo');
    await rig.publish({ release: 'demo-1' });
    await rig.publish({ release: 'demo-2', more: { rev } });
    await rig.call('POST /publish/revocations', { body: { operation, jti: 'a', until: 1_900_000_000 } });
    expect(await examine(rig)).toEqual([]);
  });

  it('reports a damaged deny list once, and does not overwrite it', async () => {
    const rig = publishRig();
    const channels = Array.from({ length: 120 }, (_, place) => `c${place}`);
    rig.bucket.putJson('channels.json', { channels });
    for (const channel of channels) rig.bucket.putJson(`${channel}.json`, { latest: null });
    rig.bucket.put('revoked.json', '{');
    for (const fix of [false, true]) {
      const pages = await walk(rig, fix);
      expect(pages.length).toBeGreaterThan(2);
      expect(pages.flat()).toMatchObject([{ kind: 'deny-list-damaged', severity: 'error', subject: 'revoked.json' }]);
    }
    expect(rig.bucket.objects.get('revoked.json')?.text).toBe('{');
  });

  it('says what can be mended, and changes nothing', async () => {
    const rig = damaged();
    const before = [...rig.bucket.objects];
    const findings = await examine(rig);
    expect(brief(findings)).toEqual(mendable);
    expect(findings.every((one) => one.fixable && !('fixed' in one))).toBe(true);
    expect([...rig.bucket.objects]).toEqual(before);
    expect(rig.bucket.calls.filter((call) => call.startsWith('put'))).toEqual([]);
  });

  it('finds missing releases, also those of removed channels', async () => {
    const rig = publishRig();
    rig.bucket.putJson('channels.json', { channels: ['a'], removed: ['b'] });
    rig.bucket.putJson('a.json', { latest: 'a-3', previous: ['a-1', 'a-2'] });
    rig.bucket.put('a-2.tar.xz', '');
    rig.bucket.putJson('b.json', { latest: 'b-1', file_extension: '.iso', removed: {} });
    const findings = await examine(rig);
    expect(brief(findings)).toEqual([
      'latest-missing a',
      'previous-missing a',
      'previous-missing b',
      'release-facts-missing a',
      'object-empty a-2.tar.xz',
    ]);
    expect(findings.map(({ means }) => /"([^"]+)"/.exec(means)?.[1])).toMatchObject([
      'a-3.tar.xz',
      'a-1.tar.xz',
      'b-1.iso',
      'a-2',
      undefined,
    ]);
  });

  it('reports a deleted release as info if it was yanked, and others as missing', async () => {
    const rig = publishRig();
    await rig.add('demo');
    for (const release of ['demo-1', 'demo-2', 'demo-3']) await rig.publish({ release });
    const body = { operation: 'operation-yank', release: 'demo-2', reason: 'a key was in it' };
    await rig.call('POST /publish/channels/{channel}/yank', { channel: 'demo', body });
    rig.bucket.objects.delete('demo-2.tar.xz');
    const findings = await examine(rig);
    expect(findings.map(({ kind, severity }) => `${severity} ${kind}`)).toEqual(['info previous-deleted']);
    expect(findings[0]?.means).toContain('"demo-2.tar.xz"');
    rig.bucket.objects.delete('demo-1.tar.xz');
    expect(brief(await examine(rig))).toEqual(['previous-missing demo', 'previous-deleted demo']);
  });

  it('knows retired releases from lost ones, and notes what is still there long after', async () => {
    const rig = publishRig();
    await rig.add('demo');
    for (const number of [1, 2, 3, 4, 5, 6]) await rig.publish({ release: `demo-${number}` });
    const retire = (releases: readonly string[], more: object = {}) =>
      rig.call('POST /publish/retirements/{channel}', {
        channel: 'demo',
        body: { operation: newOperation(), releases, reason: 'old', ...more },
      });
    await retire(['demo-1', 'demo-2']);
    await retire(['demo-3'], { shared: true });
    const takedown = { operation: newOperation(), release: 'demo-4', reason: 'law' };
    await rig.call('POST /publish/takedowns/{channel}', { channel: 'demo', body: takedown });
    rig.bucket.objects.delete('demo-1.tar.xz');
    rig.bucket.objects.delete('demo-5.tar.xz');
    expect(brief(await examine(rig))).toEqual(['takedown-present demo', 'previous-missing demo']);
    rig.bucket.objects.delete('demo-4.tar.xz');
    await rig.clock.sleep(33 * 86_400_000);
    expect(brief(await examine(rig))).toEqual(['previous-missing demo']);
    await rig.clock.sleep(1);
    const findings = await examine(rig);
    expect(brief(findings)).toEqual(['retired-present demo', 'previous-missing demo']);
    expect(findings[0]?.means).toContain('"demo-2.tar.xz"');
  });

  it('looks at every key of the bucket', async () => {
    const rig = publishRig();
    const { bucket } = rig;
    bucket.putJson('channels.json', { channels: ['img', 'demo'] });
    bucket.putJson('img.json', { latest: 'some', file_extension: '.iso', previous: [] });
    bucket.putJson('demo.json', { latest: null });
    bucket.put('some.iso', 'x', { link: '<https://a.test>; rel="immutable"' });
    bucket.put('other.iso', 'x');
    bucket.put('demo-0.tar.gz', 'x');
    bucket.put('README.md', 'x', { link: 'nobody reads it' });
    bucket.putJson('lost.json', { latest: 'lost-1', file_extension: '.tar.xz', previous: [] });
    bucket.putJson('uploads/demo/12345678.json', {});
    bucket.put('dir/demo-1.tar.xz', 'x');
    expect(brief(await examine(rig)).sort()).toEqual([
      'object-link some.iso',
      'object-unknown README.md',
      'object-unknown dir/demo-1.tar.xz',
      'object-unnamed demo-0.tar.gz',
      'object-unnamed other.iso',
      'record-unlisted lost',
      'release-facts-missing img',
    ]);
  });

  it('examines every key, 200 on a page', async () => {
    const rig = publishRig();
    const keys = Array.from({ length: 450 }, (_, place) => `demo-${1_000 + place}.tar.xz`);
    for (const key of keys) rig.bucket.put(key, 'x');
    const pages = await walk(rig, false);
    expect(brief(pages.flat().slice(1))).toEqual(keys.map((key) => `object-unnamed ${key}`));
    expect(pages.map(({ length }) => length)).toEqual([1, 200, 200, 50, 0]);
  });

  it('examines the objects even if the catalog is damaged', async () => {
    const rig = publishRig();
    rig.bucket.put('channels.json', '{');
    rig.bucket.putJson('demo.json', { latest: 'demo-1' });
    rig.bucket.put('demo-1.tar.xz', 'x', { link: 'x' });
    expect(brief(await examine(rig))).toEqual(['catalog-damaged channels.json', 'object-link demo-1.tar.xz']);
  });

  it('reports unfinished uploads', async () => {
    const rig = publishRig();
    await rig.add('demo');
    await rig.declare({ release: 'demo-1' });
    expect(brief(await examine(rig))).toEqual([]);
    rig.clock.advance(3 * 86_400_000);
    const [open, ...others] = await examine(rig);
    expect(open).toMatchObject({ kind: 'upload-open', severity: 'info', subject: 'demo-1.tar.xz' });
    expect(open?.means).toContain('3 days ago (2026-01-01T00:00:00.000Z)');
    expect(others).toEqual([]);
  });

  it('sends a bounded number of requests for each page, however large the bucket is', async () => {
    const rig = publishRig();
    const channels = Array.from({ length: 120 }, (_, place) => `c${place}`);
    rig.bucket.putJson('channels.json', { channels });
    for (const channel of channels) rig.bucket.putJson(`${channel}.json`, { latest: null });
    const previous = Array.from({ length: 1_000 }, (_, place) => `c5-${place}`);
    rig.bucket.putJson('c5.json', { latest: 'c5-0', previous: [...previous, 'c5-1'] });
    for (const release of previous.slice(0, 450)) rig.bucket.put(`${release}.tar.xz`, 'x');
    let most = 0;
    const findings: FoundFinding[] = [];
    let after: string | undefined;
    do {
      const begun = rig.bucket.calls.length;
      const { body } = await rig.call('GET /publish/doctor', after === undefined ? {} : { query: { after } });
      most = Math.max(most, rig.bucket.calls.length - begun);
      findings.push(...body.findings);
      after = body.next;
    } while (after !== undefined);
    expect(most).toBeLessThan(500);
    const missing = findings.filter(({ kind }) => kind === 'previous-missing').map(({ means }) => means.split('"')[1]);
    expect(missing).toEqual(previous.slice(450).map((release) => `${release}.tar.xz`));
    expect(brief(findings.filter(({ kind }) => kind !== 'previous-missing'))).toEqual([
      'previous-duplicate c5',
      'latest-in-previous c5',
      'release-facts-missing c5',
      'release-facts-missing c5',
    ]);
    const records = rig.bucket.calls.filter((call) => /^get c\d+\.json$/.test(call));
    expect(new Set(records).size).toBe(120);
  });

  it('answers 400 to an unknown cursor, and 503 while the bucket is unavailable', async () => {
    const rig = damaged();
    expect(await rig.call('GET /publish/doctor', { query: { after: 'x' } })).toMatchObject({
      status: 400,
      body: { field: 'after' },
    });
    rig.bucket.fault = (name) => {
      if (name === 'head demo-1.tar.xz') throw away();
    };
    expect((await rig.call('GET /publish/doctor')).status).toBe(503);
  });

  it('reports an object that S3 refuses to describe', async () => {
    const rig = damaged();
    rig.bucket.fault = (name) => {
      const cause = { $metadata: { httpStatusCode: 403 } };
      if (name === 'head demo-1.tar.xz') throw Object.assign(away(), { cause });
    };
    expect(brief(await examine(rig))).toContain('object-refused demo-1.tar.xz');
  });
});

describe('POST /publish/doctor', () => {
  it('mends what is safe, and adds an entry to the history and a line to the log', async () => {
    const rig = damaged();
    const findings = await mend(rig);
    expect(brief(findings.filter(({ fixed }) => fixed))).toEqual(mendable);
    expect(rig.bucket.json('channels.json')).toEqual({ channels: ['demo'], public: [], removed: ['old', 'gone'] });
    expect(rig.bucket.json('demo.json')).toEqual({
      latest: 'demo-2',
      file_extension: '.tar.xz',
      previous: ['demo-1'],
      serial: 8,
      facts: { release: 'demo-2', etag: rig.bucket.objects.get('demo-2.tar.xz')?.etag, size: 3, rev },
      history: [
        {
          serial: 8,
          action: 'mend',
          operation,
          at: '2026-01-01T00:00:00.000Z',
          by: publisher,
          reason: 'previous-duplicate, latest-in-previous, facts-stale',
        },
      ],
      mine: 'kept',
    });
    expect(rig.lines.filter(({ message }) => message === 'mended')).toEqual([
      { level: 'info', message: 'mended', key: 'channels.json', operation, by: publisher, requestId: 'request-1' },
      {
        level: 'info',
        message: 'mended',
        requestId: 'request-1',
        channel: 'demo',
        operation,
        by: publisher,
        mended: ['previous-duplicate', 'latest-in-previous', 'facts-stale'],
      },
      {
        level: 'info',
        message: 'mended',
        requestId: 'request-1',
        key: 'facts/demo.json',
        operation,
        by: publisher,
        mended: ['release-facts-missing'],
      },
      { level: 'info', message: 'mended', key: 'channels.json', operation, by: publisher, requestId: 'request-1' },
    ]);
    expect(await examine(rig)).toEqual([]);
  });

  it('changes nothing in a dry run', async () => {
    const rig = damaged();
    const before = [...rig.bucket.objects];
    const { body } = await rig.call('POST /publish/doctor', { body: { operation, dryRun: true } });
    expect(brief(body.findings)).toEqual(mendable);
    expect([...rig.bucket.objects]).toEqual(before);
  });

  it('gives the same answer for a record to a repeat, and changes nothing', async () => {
    const rig = damaged();
    await mend(rig);
    const after = [...rig.bucket.objects];
    const again = await mend(rig);
    expect(brief(again.filter(({ fixed }) => fixed))).toEqual([
      'latest-in-previous demo',
      'previous-duplicate demo',
      'facts-stale demo',
    ]);
    expect(await mend(rig, 'another-run')).toEqual([]);
    expect([...rig.bucket.objects]).toEqual(after);
  });

  it('mends the version that another wrote in the meantime', async () => {
    const rig = damaged();
    let raced = false;
    rig.bucket.fault = (name, moment) => {
      if (name !== 'put demo.json' || moment !== 'before' || raced) return;
      raced = true;
      rig.bucket.putJson('demo.json', { ...rig.bucket.json('demo.json'), previous: ['demo-1', 'demo-0', 'demo-0'] });
    };
    expect(brief((await mend(rig)).filter(({ fixed }) => fixed))).toContain('previous-duplicate demo');
    expect(rig.bucket.json('demo.json')).toMatchObject({ previous: ['demo-1', 'demo-0'], serial: 8 });
  });

  it('recognises its own write if the answer to it was lost', async () => {
    const rig = damaged();
    rig.bucket.fault = (name, moment) => {
      if (name !== 'put demo.json' || moment !== 'before' || 'history' in rig.bucket.json('demo.json')) return;
      const history = [{ serial: 8, action: 'mend', reason: 'facts-stale', operation, at: 'then', by: 'me' }];
      rig.bucket.putJson('demo.json', { latest: 'demo-2', previous: ['demo-1'], serial: 8, history });
    };
    const fixed = (await mend(rig)).filter(({ fixed: done }) => done);
    expect(brief(fixed)).toContain('facts-stale demo');
    expect(rig.bucket.json('demo.json')).toMatchObject({ serial: 8 });
  });

  it('does not change a record that was removed in the meantime', async () => {
    const rig = damaged();
    rig.bucket.fault = (name, moment) => {
      if (name === 'put demo.json' && moment === 'before')
        rig.bucket.putJson('demo.json', { ...rig.bucket.json('demo.json'), removed: {} });
    };
    await mend(rig);
    expect(rig.bucket.json('demo.json')).toMatchObject({ removed: {}, serial: 7 });
  });

  it('does not change a record whose latest release changed in the meantime, and says so', async () => {
    const rig = damaged();
    rig.bucket.fault = (name, moment) => {
      if (name === 'head demo-1.tar.xz' && moment === 'before')
        rig.bucket.putJson('demo.json', { latest: 'demo-3', previous: ['a', 'a'] });
    };
    const findings = (await mend(rig)).filter(
      ({ subject, kind }) => subject === 'demo' && kind !== 'catalog-duplicate',
    );
    expect(findings.map(({ fixed }) => fixed)).toEqual([false, false, false, true]);
    expect(rig.bucket.json('demo.json')).toEqual({ latest: 'demo-3', previous: ['a', 'a'] });
  });

  it.each([[{}], [{ operation: 'short' }], [{ operation, after: 7 }], [{ operation, more: 1 }]])(
    'answers 400 to %j',
    async (body) => {
      expect((await publishRig().call('POST /publish/doctor', { body })).status).toBe(400);
    },
  );
});

describe('a bucket with any contents', () => {
  const name = fc.constantFrom('a', 'b', 'a-1', 'a-2', '../x', 'channels', '');
  const names = fc.oneof(fc.array(name), fc.anything());
  const record = fc.oneof(
    fc.record(
      {
        latest: fc.oneof(name, fc.constant(null), fc.anything()),
        file_extension: fc.constantFrom('.tar.xz', '.iso', 'xz', '.json', 'json', 7),
        previous: names,
        facts: fc.oneof(fc.record({ release: name, etag: fc.constantFrom('"e"', '"f"') }), fc.anything()),
        yanked: fc.oneof(fc.dictionary(name, fc.anything()), fc.anything()),
        history: fc.array(fc.anything()),
        removed: fc.option(fc.anything()),
        serial: fc.anything(),
      },
      { requiredKeys: [] },
    ),
    fc.anything(),
  );
  const text = (value: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 9, arbitrary: value.map((one) => JSON.stringify(one) ?? '') }, fc.string({ unit: 'binary' }));
  const catalog = fc.record({ channels: names, public: names, removed: names }, { requiredKeys: [] });
  const key = fc.oneof(
    fc.constantFrom('a.json', 'b.json', 'c.json', 'a-1.tar.xz', 'a-2.iso', 'README', 'uploads/a/b.json'),
    fc.string({ unit: 'binary', minLength: 1 }),
  );
  const metadata = fc.dictionary(fc.constantFrom('link', 'rev', 'channel', 'lastmodified'), fc.string());

  it('is examined and mended once, and readers are served the same', async () => {
    const contents = fc.record({
      catalog: fc.option(text(fc.oneof(catalog, fc.anything()))),
      objects: fc.array(fc.tuple(key, text(record), metadata), { maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(contents, async ({ catalog: list, objects }) => {
        const rig = publishRig();
        for (const [at, content, meta] of objects) rig.bucket.put(at, content, meta, '"e"');
        if (list !== null) rig.bucket.put('channels.json', list);
        const latest = (): unknown[] =>
          [...rig.bucket.objects]
            .filter(([at]) => at.endsWith('.json') && at !== 'channels.json')
            .map(([at, { text: stored }]) => {
              try {
                const { latest: release, fileExtension, yanked } = parseRecord(stored);
                return [at, release, fileExtension, yanked];
              } catch {
                return [at, stored];
              }
            });
        const before = latest();
        await mend(rig);
        expect(latest()).toEqual(before);
        expect((await examine(rig)).filter(({ fixable }) => fixable)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the severity of a finding', () => {
  it.each(['catalog-bad-name', 'record-restored', 'previous-missing'] as const)(
    'is error for %s, because readers are refused',
    (kind) => {
      expect(finding(kind, '', '', '').severity).toBe('error');
    },
  );

  it('is info for catalog-duplicate, because nobody is affected', () => {
    expect(finding('catalog-duplicate', '', '', '').severity).toBe('info');
  });
});

describe('the table of findings', () => {
  it('is complete in the documentation', async () => {
    const text = await readFile(new URL('../../../../docs/doctor.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (error|warning|info) \| (yes)? ?\|/gm)];
    const documented = rows.map(([, kind, severity, fixable]) => ({ kind, severity, fixable: fixable === 'yes' }));
    expect(documented).toEqual(
      findingKinds.map((kind) => {
        const { severity, fixable } = finding(kind, '', '', '');
        return { kind, severity, fixable };
      }),
    );
  });
});
