import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateMultipartUploadCommand, DeleteObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { examineBucket } from '../../lambda/publish/doctor/doctor-bucket.ts';
import type { FoundFinding } from '../../lib/api/answers.ts';
import type { DoctorSummary } from '../../lib/client/commands/doctor.ts';
import { createBucketWriter } from '../../lib/store/write/bucket-writer.ts';
import { follow } from '../support/raw-request.ts';
import { tarball } from '../support/tarball.ts';
import { againstRealStore, startTestSystem, type TestSystem } from '../support/test-system.ts';

const rev = '0123456789abcdef0123456789abcdef01234567';
let system: TestSystem;

interface Run {
  readonly code: number;
  readonly findings: readonly FoundFinding[];
  readonly summary: DoctorSummary;
}

async function doctor(...flags: string[]): Promise<Run> {
  const { code, out } = await system.channelctl('doctor', 'bucket', '--json', ...flags);
  return { code, ...JSON.parse(out) };
}

const brief = (findings: readonly FoundFinding[]): string[] =>
  findings.map(({ kind, subject }) => `${kind} ${subject}`).sort();
const left = ({ findings }: Run) => findings.filter(({ fixed }) => fixed !== true);

/** A record as the Rust tool writes it. */
const rust = (latest: string | null, previous: readonly string[] = [], fileExtension = '.tar.xz') => ({
  latest,
  file_extension: fileExtension,
  previous,
});

/** What readers are served at each channel, whether it is sound or not. */
async function served(): Promise<readonly unknown[]> {
  const names = ['sound', 'images', 'doubled', 'facts', 'dropped', 'ghost', 'removing', 'broken', 'empty', 'missing'];
  return Promise.all(
    names.map(async (name) => {
      const path = `/channel/${name}${name === 'images' ? '.iso' : '.tar.xz'}`;
      const { status, headers, text } = await system.ask(path);
      const end = status === 307 && name !== 'ghost' ? (await follow(system.baseUrl + path)).text : undefined;
      return [name, status, headers.location, status === 307 ? '' : text, end];
    }),
  );
}

/** A real S3 server has a bucket to look at; the stand-in's has nothing of the kind. */
const seen = againstRealStore ? ["guard-unseen bucket's policy"] : [];

beforeEach(async () => {
  system = await startTestSystem();
});
afterEach(() => system.close());

/** Fills the bucket as other tools might have left it. */
async function fillBucket(): Promise<void> {
  if (againstRealStore) await (await import('../support/guard-bucket.ts')).guardBucket(system.s3, system.bucket);
  const { lay } = system;
  await Promise.all([
    lay('sound-1.tar.xz', 'sound 1'),
    lay('sound-2.tar.xz', 'sound 2'),
    lay('sound.json', rust('sound-2', ['sound-1'])),
    lay('img-1.iso', 'image'),
    lay('images.json', rust('img-1', [], '.iso')),
    lay('doubled-1.tar.xz', 'doubled 1'),
    lay('doubled-2.tar.xz', 'doubled 2'),
    lay('doubled.json', rust('doubled-2', ['doubled-1', 'doubled-2', 'doubled-1', '../x'])),
    lay('facts-1.tar.xz', 'facts', { Metadata: { rev, channel: 'facts' } }),
    lay('facts.json', { ...rust('facts-1'), facts: { release: 'facts-0', etag: '"x"', revCount: 7 }, serial: 3 }),
    lay('dropped-1.tar.xz', 'dropped', { Metadata: { rev, channel: 'dropped' } }),
    lay('dropped.json', rust('dropped-1')),
    lay('ghost.json', rust('ghost-2', ['ghost-1'])),
    lay('removing.json', { ...rust(null), removed: { at: '2026-01-01T00:00:00Z' } }),
    lay('broken.json', '{"latest": '),
    lay('empty.json', rust(null)),
    lay('yanked-1.tar.xz', 'yanked'),
    lay('yanked.json', { ...rust('yanked-1'), yanked: { 'yanked-1': { reason: 'bad' } } }),
    lay('lost-1.tar.gz', 'lost'),
    lay('lost.json', rust('lost-1', [], '.tar.gz')),
    lay('linked.tar.xz', 'linked', { Metadata: { link: '<https://a.test/x.tar>; rel="immutable"' } }),
    lay('encoded.tar.xz', 'encoded', { ContentEncoding: 'xz' }),
    lay('nothing.tar.xz', Buffer.alloc(0)),
    lay('a strange+key ü%2F.tar.xz', 'strange'),
    lay('notes.txt', 'notes'),
    lay('revoked.json', '{"revoked": [{"jti": "without an end"}]}'),
    lay('folder/sound-3.tar.xz', 'nobody gets it'),
    lay('channels.json', {
      channels: [
        ...['sound', 'images', 'doubled', 'facts', 'dropped', 'ghost', 'removing', 'broken', 'empty', 'missing'],
        ...['yanked', 'sound', 'over', '../up'],
      ],
      public: ['nobody'],
      removed: ['over'],
    }),
  ]);
}

const safe = [
  'catalog-duplicate sound',
  'catalog-removed over',
  'facts-missing dropped',
  'facts-stale facts',
  'latest-in-previous doubled',
  'previous-duplicate doubled',
  'record-removed removing',
  ...['doubled', 'dropped', 'facts', 'images', 'sound', 'yanked'].map((channel) => `release-facts-missing ${channel}`),
];
const others = [
  'catalog-bad-name ../up',
  'deny-list-damaged revoked.json',
  ...seen,
  'latest-missing ghost',
  'latest-yanked yanked',
  'object-empty nothing.tar.xz',
  'object-encoding encoded.tar.xz',
  'object-link linked.tar.xz',
  'object-unknown a strange+key ü%2F.tar.xz',
  'object-unknown folder/sound-3.tar.xz',
  'object-unknown notes.txt',
  'object-unnamed encoded.tar.xz',
  'object-unnamed linked.tar.xz',
  'object-unnamed lost-1.tar.gz',
  'object-unnamed nothing.tar.xz',
  'previous-bad-name doubled',
  'previous-missing ghost',
  'public-unknown nobody',
  'record-damaged broken',
  'record-missing missing',
  'record-unlisted lost',
];

describe('channelctl doctor bucket', () => {
  it('says of an empty bucket which protections of releases it lacks', async () => {
    const { findings } = await doctor();
    const missing = [
      ...seen,
      'lifecycle-missing AbortIncompleteUploads',
      'lifecycle-missing ExpireUploadState',
      'public-access block of public access',
      'versioning-off versioning',
    ];
    const lacks = findings.filter(({ kind }) => kind !== 'catalog-missing');
    expect(brief(lacks)).toEqual(againstRealStore ? missing : []);
  });

  it('refuses an unknown option, and to run without saying what to examine', async () => {
    expect((await system.channelctl('doctor')).code).toBe(2);
    expect((await system.channelctl('doctor', 'bucket', '--mend')).code).toBe(2);
  });
});

describe('channelctl doctor bucket, of a bucket that other tools wrote,', () => {
  beforeEach(fillBucket);

  it('finds everything that is wrong, and changes nothing', async () => {
    const before = await system.read('channels.json');
    for (const flags of [[], ['--dry-run'], ['--fix', '--dry-run']]) {
      const run = await doctor(...flags);
      expect(brief(run.findings)).toEqual([...safe, ...others].sort());
      expect([run.code, run.summary.fixable]).toEqual([8, safe.length]);
    }
    expect(await system.read('channels.json')).toBe(before);
    expect(JSON.parse(await system.read('doubled.json'))).toHaveProperty('previous.length', 4);
  });

  it('prints each finding in two lines', async () => {
    const { code, out, err } = await system.channelctl('doctor', 'bucket');
    expect([code, err]).toEqual([8, '']);
    expect(out).toContain('error    ghost (latest-missing): The bucket has no "ghost-2.tar.xz"');
    expect(out).toMatch(/\n {9}Publish the same file again under this name/);
    expect(out).toMatch(/\n10 errors, \d+ warnings, \d+ info\. --fix mends 13 of them\.\n$/);
  });

  it('mends what is safe to mend, and serves readers the same before and after', async () => {
    const before = await served();
    const run = await doctor('--fix');
    expect(brief(run.findings.filter(({ fixed }) => fixed))).toEqual(safe);
    expect(brief(left(run))).toEqual(others);
    expect([run.code, run.summary.fixed]).toEqual([8, safe.length]);
    expect(await served()).toEqual(before);
    expect(before).toContainEqual(['sound', 307, `${system.baseUrl}/permanent/sound-2.tar.xz`, '', 'sound 2']);
    expect(before).toContainEqual(expect.arrayContaining(['removing', 410]));
    for (const name of ['facts', 'dropped'])
      expect((await system.ask(`/channel/${name}.tar.xz`)).headers.link).toContain(`?rev=${rev}>`);
  });

  it('leaves JSON that the Rust service reads', async () => {
    await doctor('--fix');
    for (const name of ['sound', 'images', 'doubled', 'facts', 'dropped', 'ghost', 'empty', 'yanked']) {
      const { latest, file_extension, previous } = JSON.parse(await system.read(`${name}.json`));
      expect([name, latest === null || typeof latest === 'string', typeof file_extension]).toEqual([
        name,
        true,
        'string',
      ]);
      expect(previous.every((release: unknown) => typeof release === 'string')).toBe(true);
    }
    const { channels, removed } = JSON.parse(await system.read('channels.json'));
    expect(new Set(channels).size).toBe(channels.length);
    expect(channels).not.toContain('removing');
    expect(removed).toEqual(['over', 'removing']);
    // What was sound is as it was written.
    expect(JSON.parse(await system.read('sound.json'))).toEqual(rust('sound-2', ['sound-1']));
    expect(JSON.parse(await system.read('doubled.json'))).toMatchObject(rust('doubled-2', ['doubled-1', '../x']));
    expect(JSON.parse(await system.read('facts.json'))).toMatchObject({ serial: 4, history: [{ action: 'mend' }] });
  });

  it('finds only the rest when it is run again, with and without --fix', async () => {
    await doctor('--fix');
    expect(brief((await doctor()).findings)).toEqual(others);
    const again = await doctor('--fix');
    expect(brief(again.findings)).toEqual(others);
    expect(again.findings.every(({ fixed }) => fixed === false)).toBe(true);
  });

  it('finds no error any more once its advice was taken', async () => {
    await doctor('--fix');
    const publish = async (channel: string, name: string, word: string) => {
      const path = join(system.directory, name);
      await writeFile(path, tarball(word));
      expect(await system.channelctl('publish', channel, path)).toMatchObject({ code: 0 });
    };
    await publish('ghost', 'ghost-1.tar.xz', 'ghost 1');
    expect((await follow(`${system.baseUrl}/permanent/ghost-1.tar.xz`)).body).toEqual(tarball('ghost 1'));
    await publish('ghost', 'ghost-2.tar.xz', 'ghost 2');
    expect((await follow(`${system.baseUrl}/channel/ghost.tar.xz`)).body).toEqual(tarball('ghost 2'));
    await publish('yanked', 'yanked-2.tar.xz', 'yanked 2');
    expect((await system.channelctl('add', 'lost', '--file-extension', '.tar.gz')).code).toBe(0);
    expect((await follow(`${system.baseUrl}/channel/lost.tar.gz`)).text).toBe('lost');
    for (const channel of ['missing']) expect((await system.channelctl('add', channel)).code).toBe(0);
    await system.lay('broken.json', rust(null));
    await system.lay('doubled.json', rust('doubled-2', ['doubled-1']));
    await system.lay('revoked.json', '{"revoked": []}');
    const catalog = JSON.parse(await system.read('channels.json'));
    const channels = catalog.channels.filter((name: string) => name !== '../up');
    await system.lay('channels.json', { ...catalog, channels, public: [] });
    for (const key of ['linked.tar.xz', 'encoded.tar.xz', 'nothing.tar.xz'])
      await system.s3.send(new DeleteObjectCommand({ Bucket: system.bucket, Key: key }));
    const run = await doctor('--fix');
    expect(brief(left(run))).toEqual([
      ...seen,
      'object-unknown a strange+key ü%2F.tar.xz',
      'object-unknown folder/sound-3.tar.xz',
      'object-unknown notes.txt',
    ]);
    expect(run.code).toBe(0);
  });

  it('lists uploads that nobody finished', async () => {
    const Key = 'sound-9 +ü.tar.xz';
    await system.s3.send(new CreateMultipartUploadCommand({ Bucket: system.bucket, Key }));
    expect(brief((await doctor()).findings)).not.toContain(`upload-open ${Key}`);
    const days = 3;
    const options = {
      bucket: createBucketWriter(system.s3, system.bucket),
      now: () => Date.now() + days * 86_400_000 + 60_000,
      sleep: async () => {},
      log: () => {},
    };
    const uploads = Buffer.from('["uploads"]').toString('base64url');
    const { findings, next } = await examineBucket(options, uploads);
    expect(findings).toEqual([expect.objectContaining({ kind: 'upload-open', subject: Key })]);
    expect(findings[0]?.means).toContain('3 days ago');
    expect(next).toBeUndefined();
  });
});
