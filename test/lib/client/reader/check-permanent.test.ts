import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Exchange, Send } from '../../../../lib/client/api/http.ts';
import { createInspectRelease } from '../../../../lib/client/reader/check-permanent.ts';
import { file, tar, top } from '../../../support/nar/tar-blocks.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const subject = 'https://nix.test/channel/demo.tar.xz';
const bucket = new URL('https://bucket.test/demo-1.tar.xz?X-Amz-Signature=x');
const flat = tar(...top, file('flake.nix', '{ }'));

interface Situation {
  readonly bytes?: Buffer;
  readonly status?: number;
  readonly error?: Error;
  readonly size?: number;
  readonly permanent?: string;
  readonly tmpdir?: string;
}

async function look(situation: Situation = {}) {
  const { bytes = flat, status = 200, error, size = bytes.length } = situation;
  const { permanent = 'https://nix.test/permanent/demo-1.tar.xz', tmpdir = directory.path } = situation;
  const asked: Exchange[] = [];
  const send: Send = async (exchange) => {
    asked.push(exchange);
    if (error !== undefined) throw error;
    if (status === 200)
      for (const half of [bytes.subarray(0, 700), bytes.subarray(700)]) exchange.onBody?.(half, { status });
    return { status, body: '' };
  };
  const release = { subject, permanent: new URL(permanent), bucket, size };
  const looked = await createInspectRelease({ send, environment: { TMPDIR: tmpdir }, authorities: ['pem'] })(release);
  expect(readdirSync(directory.path)).toEqual([]);
  return { ...looked, asked, means: looked.findings.map((finding) => finding.means) };
}

describe('looking at the archive that a reader gets', () => {
  it('downloads it once, without credentials, and gives its warnings', async () => {
    const { findings, warnings, asked } = await look();
    expect(findings).toEqual([]);
    expect(warnings.map(({ code }) => code)).toEqual(['several-top-level-entries']);
    expect(asked).toMatchObject([{ method: 'GET', url: bucket, headers: { accept: '*/*' }, authorities: ['pem'] }]);
    expect(Object.keys(asked[0]?.headers ?? {})).toEqual(['accept']);
  });

  it('warns of one that publish refuses', async () => {
    const { findings, warnings } = await look({ bytes: tar(...top, file('/top/b')) });
    expect(warnings).toEqual([]);
    expect(findings).toMatchObject([
      {
        kind: 'archive-refused',
        severity: 'warning',
        subject,
        means: expect.stringContaining("The archive's entry '/top/b' has an absolute name"),
      },
    ]);
  });

  it('downloads none of a large archive, and says so', async () => {
    const { findings, asked } = await look({ size: 16 * 1024 ** 2 + 1 });
    expect(asked).toEqual([]);
    expect(findings).toMatchObject([
      {
        kind: 'archive-not-looked-at',
        severity: 'info',
        means: 'Its archive was not looked at. It has 16 MiB; only up to 16 MiB are downloaded for that.',
        fix: 'To look at it, download it and run channelctl inspect FILE.',
      },
    ]);
  });

  it('downloads nothing that is no tarball', async () => {
    const { findings, warnings, asked } = await look({ permanent: 'https://nix.test/permanent/image-1.iso' });
    expect([findings, warnings, asked]).toEqual([[], [], []]);
  });

  it.each<[string, Situation, string]>([
    ['is refused', { status: 403 }, 'The bucket answered 403.'],
    ['is cut short', { size: flat.length + 1 }, `The bucket sent ${flat.length} bytes of ${flat.length + 1}.`],
    ['is longer than it should be', { size: 700 }, `The bucket sent ${flat.length} bytes of 700.`],
    [
      'breaks off',
      { error: Object.assign(new Error(), { code: 'ECONNRESET' }) },
      'The download broke off (ECONNRESET).',
    ],
    ['has no place', { tmpdir: '/nowhere' }, 'cannot be written (ENOENT): set TMPDIR to another directory.'],
  ])('says that a download %s, and nothing worse', async (_, situation, why) => {
    const { findings, means, warnings } = await look(situation);
    expect([findings.map(({ kind }) => kind), warnings]).toEqual([['archive-not-looked-at'], []]);
    expect(means[0]).toContain(why);
  });
});
