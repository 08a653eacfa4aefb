import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(checkout, path), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };

describe('CHANGELOG.md', () => {
  const headings = read('CHANGELOG.md')
    .split('\n')
    .filter((line) => line.startsWith('## '));
  const releases = headings.slice(1).map((line) => /^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$/.exec(line));

  it('begins with what is not released, and has the newest release first', () => {
    expect(headings[0]).toBe('## [Unreleased]');
    expect(releases).not.toContain(null);
    const dates = releases.map((match) => match?.[2] as string);
    expect(dates).toEqual([...dates].sort().reverse());
  });

  it('has the version of package.json and of package-lock.json as its newest release', () => {
    const lock = JSON.parse(read('package-lock.json'));
    expect([releases[0]?.[1], lock.version, lock.packages[''].version]).toEqual([version, version, version]);
  });

  it('has only the sections of Keep a Changelog', () => {
    const sections = [...read('CHANGELOG.md').matchAll(/^### (.*)$/gm)].map(([, name]) => name);
    const known = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'];
    expect(sections.filter((name) => !known.includes(name as string))).toEqual([]);
  });
});

describe('.ci/release-notes', () => {
  let copy: string;
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'nix-channel-notes-'));
    mkdirSync(join(copy, '.ci'));
    cpSync(join(checkout, '.ci', 'release-notes'), join(copy, '.ci', 'release-notes'));
    writeFileSync(join(copy, 'package.json'), JSON.stringify({ version: '1.2.3' }));
  });
  afterEach(() => rmSync(copy, { recursive: true, force: true }));

  const changelog = (...lines: readonly string[]) => writeFileSync(join(copy, 'CHANGELOG.md'), lines.join('\n'));
  const notes = (tag: string, directory = copy) => {
    const { status, stdout, stderr } = spawnSync(join(directory, '.ci', 'release-notes'), [tag], { encoding: 'utf8' });
    return { status, out: stdout, err: stderr };
  };
  const newest = ['# Changelog', '', '## [Unreleased]', '', '- soon', '', '## [1.2.3] - 2026-11-29', ''];

  it('prints what the changelog says of that release', () => {
    changelog(...newest, '### Fixed', '', '- this', '', '## [1.2.2] - 2026-10-01', '', '- that', '');
    expect(notes('v1.2.3')).toEqual({ status: 0, out: '\n### Fixed\n\n- this\n', err: '' });
  });

  it.each(['v1.2.4', '1.2.3', 'v1.2.3-rc.1', 'v1x2x3', 'main', ''])('refuses the tag "%s"', (tag) => {
    changelog(...newest, '- this', '');
    const { status, out, err } = notes(tag);
    expect([status, out]).toEqual([1, '']);
    expect(err).toMatch(/^The tag is "[^"]*", but package\.json has version 1\.2\.3: .*\n$/);
  });

  it('refuses a release that the changelog does not have as its newest', () => {
    changelog('# Changelog', '', '## [1.2.2] - 2026-10-01', '', '## [1.2.3] - 2026-11-29', '', '- this', '');
    expect(notes('v1.2.3')).toMatchObject({
      status: 1,
      err: expect.stringContaining('the newest release of CHANGELOG.md is 1.2.2'),
    });
    changelog('# Changelog', '', '## [Unreleased]', '', '- this', '');
    expect(notes('v1.2.3')).toMatchObject({ status: 1, err: expect.stringContaining('CHANGELOG.md is missing') });
  });

  it('refuses a release of which the changelog says nothing', () => {
    changelog(...newest, '', '## [1.2.2] - 2026-10-01', '', '- that', '');
    expect(notes('v1.2.3')).toMatchObject({ status: 1, out: '', err: expect.stringContaining('says nothing') });
  });

  it('takes the tag of this version', () => {
    expect(notes(`v${version}`, checkout)).toMatchObject({ status: 0, err: '' });
  });
});

describe('the workflow of a release', () => {
  const workflow = read('.github/workflows/release.yml');
  const [build = '', publish = ''] = workflow.split(/^ {2}publish:$/m);
  const stepsOf = (job: string): readonly string[] =>
    [...job.matchAll(/^ {6}- .*|^ {8}run: .*/gm)].map(([line]) => line.trim());

  it('uses only actions that are pinned by the hash of a commit, and says of which tag', () => {
    const uses = [...workflow.matchAll(/uses: (.*)/g)].map(([, action]) => action as string);
    expect(uses.length).toBeGreaterThan(5);
    expect(uses.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([]);
  });

  it('compares the tag before anything else runs, tests, and builds without a right to write', () => {
    const steps = stepsOf(build).filter((step) => !step.includes('uses: '));
    expect(steps[0]).toBe('- run: .ci/release-notes "$GITHUB_REF_NAME" >"$RUNNER_TEMP/notes.md"');
    expect(steps).toEqual(
      expect.arrayContaining(['- run: npm test', '- run: .ci/release-assets "$RUNNER_TEMP/assets"']),
    );
    expect(build).toMatch(/^permissions: \{\}$/m);
    expect(build.match(/^.*: write\b/gm)).toBeNull();
  });

  it('publishes only what was built, with its provenance, and runs no code of packages then', () => {
    expect(publish).toMatch(/^ {4}needs: build$/m);
    expect(publish).not.toMatch(/npm (?:ci|install|run|test)|npx /);
    for (const words of [
      /sha256sum --check SHA256SUMS$/m,
      /subject-checksums: .*\/release\/assets\/SHA256SUMS$/m,
      /subject-digest: .* steps\.image\.outputs\.digest /,
      /run: npm publish --provenance --access public .*\/release\/assets\/nix-channel-lambda-\*\.tgz$/m,
      /gh release create "\$GITHUB_REF_NAME" /,
      /^ {6}id-token: write\b/m,
    ])
      expect(publish).toMatch(words);
  });

  it('puts no expression into a script', () => {
    const scripts = [...workflow.matchAll(/^( *)(?:- )?run: (?:\|\n(?:\1 .*\n|\n)*|.*)/gm)].map(([text]) => text);
    expect(scripts.length).toBeGreaterThan(7);
    expect(scripts.filter((text) => text.includes('${{'))).toEqual([]);
  });
});

it('the image is built with optional packages: the program of esbuild is one', () => {
  const [command = ''] = /^RUN npm ci .*/m.exec(read('Containerfile')) ?? [];
  expect(command).toContain('node bin/bundle-channelctl.ts');
  expect(command).not.toContain('--omit');
});
