import { describe, expect, it } from '@jest/globals';
import { checkCatalog, checkDenyList, mendCatalog } from '../../../../lambda/publish/doctor/check-catalog.ts';
import { checkObject, checkUnlisted, type ObjectToCheck } from '../../../../lambda/publish/doctor/check-object.ts';
import { checkRecord, type Head, mendRecord, readRecord } from '../../../../lambda/publish/doctor/check-record.ts';
import { formatCursor, parseCursor } from '../../../../lambda/publish/doctor/examination.ts';
import { checkUploads, kindOfKey } from '../../../../lambda/publish/doctor/examine-keys.ts';
import type { Finding } from '../../../../lib/api/finding.ts';
import { parseCatalog } from '../../../../lib/domain/catalog.ts';
import { parseRecord } from '../../../../lib/domain/record.ts';
import { probeKey } from '../../../../lib/store/write/conditional-writes.ts';

const brief = (findings: readonly Finding[]): string[] => findings.map(({ kind, subject }) => `${kind} ${subject}`);
const rev = 'a'.repeat(40);
const object = { etag: '"e"', size: 1, metadata: {} };
const withRev = { ...object, metadata: { rev, channel: 'demo' } };

describe('checkCatalog', () => {
  it.each<[string, string | undefined, string[]]>([
    ['is sound', '{"channels":["a","b"],"public":["a"],"removed":["c"]}', []],
    ['has a removed channel that was public', '{"channels":["a"],"public":["c"],"removed":["c"]}', []],
    ['is that of the Rust tool', '{"channels":["a"]}', []],
    ['is not there', undefined, ['catalog-missing channels.json']],
    ['is no JSON', '{', ['catalog-damaged channels.json']],
    ['is no object', '[]', ['catalog-damaged channels.json']],
    ['has something that is no name', '{"channels":[7]}', ['catalog-damaged channels.json']],
    [
      'has names of no channel',
      '{"channels":["../x","channels"],"removed":["a.tar.xz"]}',
      ['catalog-bad-name ../x', 'catalog-bad-name channels', 'catalog-bad-name a.tar.xz'],
    ],
    [
      'has a name twice',
      '{"channels":["a","b","a","a"],"public":["b","b"],"removed":["c","c"]}',
      ['catalog-duplicate a', 'catalog-duplicate b', 'catalog-duplicate c'],
    ],
    ['has a removed channel', '{"channels":["a","b"],"removed":["b"]}', ['catalog-removed b']],
    ['opens what is not there', '{"channels":["a"],"public":["b"]}', ['public-unknown b']],
  ])('examines a catalog that %s', (_, text, expected) => {
    expect(brief(checkCatalog(text).findings)).toEqual(expected);
  });

  it('mends a catalog without changing its meaning, once', () => {
    const text = '{"channels":["b","a","b","c"],"public":["a","a","c"],"removed":["c","c"],"mine":1}';
    const mended = mendCatalog(parseCatalog(text));
    expect(mended).toEqual({ channels: ['b', 'a'], public: ['a', 'c'], removed: ['c'], others: { mine: 1 } });
    expect(mended && mendCatalog(mended)).toBeUndefined();
  });
});

describe('checkDenyList', () => {
  it.each<[string, string | undefined, string[]]>([
    ['is not there', undefined, []],
    ['is sound', '{"revoked":[{"jti":"a","until":1}]}', []],
    ['is no JSON', '{', ['deny-list-damaged revoked.json']],
    ['has an entry that does not end', '{"revoked":[{"jti":"a"}]}', ['deny-list-damaged revoked.json']],
  ])('examines a deny list that %s', (_, text, expected) => {
    const findings = checkDenyList(text);
    expect(brief(findings)).toEqual(expected);
    expect(findings.every(({ fixable, fix }) => !fixable && fix.includes('revoked.json'))).toBe(true);
  });
});

describe('checkRecord', () => {
  const facts = { release: 'demo-2', etag: '"e"', rev };
  it.each<[string, unknown, Head, string[]]>([
    ['is sound', { latest: 'demo-2', previous: ['demo-1'], facts }, withRev, []],
    ['is that of the Rust tool', { latest: 'demo-2', file_extension: '.tar.xz', previous: ['demo-1'] }, object, []],
    ['has no release', { latest: null, file_extension: '.tar.xz', previous: [] }, undefined, []],
    ['names a latest that breaks the rules', { latest: '../x' }, undefined, ['record-damaged']],
    ['has an extension that breaks the rules', { latest: 'a', file_extension: 'a/b' }, object, ['record-damaged']],
    ['has an extension without a dot', { latest: 'demo-2.', file_extension: 'tar.xz' }, object, []],
    ['is no object', [], undefined, ['record-damaged']],
    ['names a latest that is missing', { latest: 'demo-2' }, undefined, ['latest-missing']],
    ['names a latest of which S3 says nothing', { latest: 'demo-2', facts }, 'refused', []],
    ['has a yanked latest', { latest: 'demo-2', yanked: { 'demo-2': {} } }, object, ['latest-yanked']],
    ['names an older one twice', { latest: 'demo-2', previous: ['a', 'b', 'a'] }, object, ['previous-duplicate']],
    ['names the latest among the older', { latest: 'demo-2', previous: ['demo-2'] }, object, ['latest-in-previous']],
    [
      'names older ones that break the rules',
      { latest: 'demo-2', previous: ['../x', 'demo+1', ''] },
      object,
      ['previous-bad-name', 'previous-bad-name'],
    ],
    ['has facts of another release', { latest: 'demo-3', facts }, object, ['facts-stale']],
    ['has facts of other bytes', { latest: 'demo-2', facts: { ...facts, etag: '"f"' } }, withRev, ['facts-stale']],
    ['has facts and no release', { latest: null, facts }, undefined, ['facts-stale']],
    ['lacks facts that the object has', { latest: 'demo-2' }, withRev, ['facts-missing']],
    ['is marked as removed', { latest: 'demo-2', previous: ['a', 'a'], removed: {} }, object, ['record-removed']],
  ])('examines a record that %s', (_, value, head, expected) => {
    const findings = checkRecord({ channel: 'demo', read: readRecord(JSON.stringify(value)), head, removed: false });
    expect(brief(findings)).toEqual(expected.map((kind) => `${kind} demo`));
  });

  it('reports a record that is missing or not JSON', () => {
    const of = (text: string | undefined, removed = false) =>
      brief(checkRecord({ channel: 'demo', read: readRecord(text), head: undefined, removed }));
    expect([of(undefined), of('{')]).toEqual([['record-missing demo'], ['record-damaged demo']]);
    expect([of(undefined, true), of('{', true)]).toEqual([[], []]);
  });

  it('reports the record of a removed channel if it has no mark of the removal', () => {
    const of = (text: string) =>
      brief(checkRecord({ channel: 'demo', read: readRecord(text), head: undefined, removed: true }));
    expect(of('{"latest":"demo-2","removed":{}}')).toEqual([]);
    expect(of('{"latest":"demo-2"}')).toEqual(['record-restored demo']);
  });

  it.each([
    ['takes the facts of the object', { ...facts, etag: '"f"' }, withRev, { ...facts, size: 1 }],
    ['drops facts where the object has none', { ...facts, etag: '"f"' }, object, undefined],
    ['drops those of another release where the object is missing', { ...facts, release: 'x' }, undefined, undefined],
    ['keeps the facts of a missing object', facts, undefined, facts],
  ])('%s when it mends', (_, given, head, expected) => {
    const record = parseRecord(JSON.stringify({ latest: 'demo-2', facts: given }));
    expect(mendRecord(record, head).record.facts).toEqual(expected);
  });

  it('keeps the first of the releases that are named twice', () => {
    const record = parseRecord(JSON.stringify({ latest: 'c', previous: ['a', 'b', 'a', 'c', 'b'] }));
    expect(mendRecord(record, object).record.previous).toEqual(['a', 'b']);
  });
});

describe('checkObject', () => {
  const of = (more: Partial<ObjectToCheck>) =>
    brief(checkObject({ key: 'a-1.tar.xz', head: object, reachable: true, named: true, ...more }));
  it.each<[string, Partial<ObjectToCheck>, string[]]>([
    ['is sound', {}, []],
    ['went away', { head: undefined }, []],
    ['is no release', { reachable: false }, ['object-unknown']],
    ['is named by no record', { named: false }, ['object-unnamed']],
    ['is perhaps named by no record', { named: undefined }, []],
    ['has a Link', { head: { ...object, metadata: { link: '<x>; rel="immutable"' } } }, ['object-link']],
    ['has an encoding', { head: { ...object, contentEncoding: 'aws-chunked' } }, ['object-encoding']],
    ['has no bytes', { head: { ...object, size: 0 } }, ['object-empty']],
    ['is refused', { head: 'refused', named: false }, ['object-refused', 'object-unnamed']],
  ])('examines an object that %s', (_, more, expected) => {
    expect(of(more)).toEqual(expected.map((kind) => `${kind} a-1.tar.xz`));
  });

  it.each([
    ['{"latest":null}', 'record-unlisted a'],
    ['{"file_extension":".iso"}', 'record-unlisted a'],
    ['{"file_extension":"txt"}', 'record-unlisted a'],
    ['{"previous":[],"removed":{}}', 'record-unlisted a'],
    ['{}', 'object-unknown a.json'],
    ['{"latest":7}', 'object-unknown a.json'],
    ['nonsense', 'object-unknown a.json'],
    ['null', 'object-unknown a.json'],
  ])('reports %s under the key of a record as %s', (text, expected) => {
    expect(brief([checkUnlisted('a', 'a.json', text)])).toEqual([expected]);
  });

  it('advises to add a channel by hand if its extension has no dot, because "channelctl add" refuses that', () => {
    const { fix } = checkUnlisted('a', 'a.json', '{"file_extension":"txt"}');
    expect(fix).toContain('Add the name to "channels" in channels.json by hand');
    expect(fix).not.toContain('channelctl add a');
  });

  it.each([
    ['channels.json', 'ours'],
    ['revoked.json', 'ours'],
    ['uploads/a/b.json', 'ours'],
    [probeKey, 'ours'],
    ['a.json', 'ours'],
    ['b.json', 'document'],
    ['B.JSON', 'unreachable'],
    ['-b.json', 'unreachable'],
    ['dir/a.tar.xz', 'unreachable'],
    ['a 1.tar.xz', 'unreachable'],
    ['a+1.tar.xz', 'file'],
    ['a\n.tar.xz', 'unreachable'],
    ['a.tar.xz', 'file'],
    ['README', 'file'],
  ])('takes the key %j for: %s', (key, kind) => {
    expect(kindOfKey(key, new Set(['a.json']))).toBe(kind);
  });
});

describe('checkUploads', () => {
  const day = 86_400_000;
  it.each([
    [day - 1, []],
    [day, ['upload-open a']],
    [9 * day - 1, ['upload-open a']],
    [9 * day, ['upload-overdue a']],
  ])('reports an upload of %i ms as %j', (age, expected) => {
    expect(brief(checkUploads([{ key: 'a', uploadId: 'u', begunAt: 5 }], 5 + age))).toEqual(expected);
  });
});

describe('a cursor', () => {
  it.each([
    { step: 'records', after: 'a' },
    { step: 'records', inside: { channel: 'a', offset: 3 } },
    { step: 'keys' },
    { step: 'keys', after: 'a/ü\n' },
    { step: 'uploads' },
    { step: 'uploads', after: { key: 'k', uploadId: 'u' } },
  ] as const)('%j is read as it was written', (cursor) => {
    expect(parseCursor(formatCursor(cursor))).toEqual(cursor);
  });

  it.each(['', 'x', Buffer.from('["records"]').toString('base64url'), Buffer.from('{}').toString('base64url')])(
    'is refused if it is %j',
    (text) => {
      expect(() => parseCursor(text)).toThrow('after must be');
    },
  );
});
