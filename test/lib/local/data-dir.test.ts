import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { claimDataDir } from '../../../lib/local/data-dir.ts';

let parent: string;
let dataDir: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'data-dir-'));
  dataDir = join(parent, 'data');
});
afterEach(() => rmSync(parent, { recursive: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o7777;
const write = (name: string, content = 'x'): void => writeFileSync(join(dataDir, name), content);
const uuid = '3f2b8c1e-0d4a-4e6b-9f1c-2a7d5e8b4c60';

/** The layout of a version without the marker, and other files. */
function earlierLayout(...foreign: readonly string[]): string {
  for (const folder of ['blobs', 'records', 'temporary']) mkdirSync(join(dataDir, folder), { recursive: true });
  write(`blobs/${uuid}`);
  write(`records/${'a'.repeat(64)}.json`, '{}');
  write('lock', '12');
  for (const name of foreign) write(name);
  return dataDir;
}

describe('claimDataDir', () => {
  it('creates and marks a directory that only its owner can read', () => {
    claimDataDir(join(dataDir, 'deep'));
    expect(modeOf(join(dataDir, 'deep'))).toBe(0o700);
    expect(readFileSync(join(dataDir, 'deep', 'nix-channel-lambda'), 'utf8')).toContain('npm start');
  });

  it('claims an empty directory, and closes it to other users', () => {
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o755);
    claimDataDir(dataDir);
    expect(modeOf(dataDir)).toBe(0o700);
    expect(readdirSync(dataDir)).toEqual(['nix-channel-lambda']);
  });

  it('accepts a marked directory with other files', () => {
    claimDataDir(dataDir);
    write('.DS_Store');
    chmodSync(dataDir, 0o777);
    claimDataDir(dataDir);
    expect(modeOf(dataDir)).toBe(0o700);
  });

  it('accepts a marker that a crash left incomplete', () => {
    mkdirSync(dataDir);
    write('nix-channel-lambda', 'npm sta');
    claimDataDir(dataDir);
    expect(existsSync(dataDir)).toBe(true);
  });

  it('accepts a directory of a version without the marker', () => {
    earlierLayout();
    claimDataDir(dataDir);
    expect(readdirSync(dataDir)).toContain('nix-channel-lambda');
  });

  it.each<readonly [string, () => void]>([
    ['another file', () => write('notes.txt')],
    ['another folder', () => mkdirSync(join(dataDir, 'photos'))],
    ['our layout and another file', () => earlierLayout('notes.txt')],
    ['another file in a folder named as ours', () => earlierLayout('blobs/photo.jpg')],
    ['another folder in a folder named as ours', () => mkdirSync(join(dataDir, 'records/more'), { recursive: true })],
    [
      'a symbolic link in a folder named as ours',
      () => symlinkSync('nowhere', join(earlierLayout(), `blobs/${uuid.replace('3', '4')}`)),
    ],
    ['a file named as our folder', () => write('blobs')],
    ['a symbolic link named as our folder', () => symlinkSync(parent, join(dataDir, 'blobs'))],
    ['an invalid lock', () => write('lock', 'a door')],
    ['a marker that is not ours', () => write('nix-channel-lambda', 'mine')],
    ['a marker that is a symbolic link', () => symlinkSync(join(parent, 'x'), join(dataDir, 'nix-channel-lambda'))],
    ['a sticky bit', () => chmodSync(dataDir, 0o1777)],
  ])('refuses a directory with %s, and does not change it', (_, prepare) => {
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o755);
    prepare();
    const before = [readdirSync(dataDir, { recursive: true }), modeOf(dataDir)];
    expect(() => claimDataDir(dataDir)).toThrow(
      /^DATA_DIR must be a directory for this service only, but .* choose .*\.$/,
    );
    expect([readdirSync(dataDir, { recursive: true }), modeOf(dataDir)]).toEqual(before);
  });

  it.each(['blobs', 'records', 'temporary', 'lock', 'publisher.json'])(
    'refuses a marked directory with a symbolic link in the place of %s',
    (name) => {
      claimDataDir(dataDir);
      symlinkSync(parent, join(dataDir, name));
      expect(() => claimDataDir(dataDir)).toThrow(`has a symbolic link named ${name}`);
    },
  );

  it('refuses a symbolic link or a file in the place of the directory', () => {
    const link = join(parent, 'link');
    mkdirSync(dataDir);
    symlinkSync(dataDir, link);
    expect(() => claimDataDir(link)).toThrow('is a symbolic link');
    writeFileSync(join(parent, 'file'), '');
    expect(() => claimDataDir(join(parent, 'file'))).toThrow('is not a directory');
  });
});
