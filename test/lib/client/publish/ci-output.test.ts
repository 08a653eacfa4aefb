import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ciFiles, type PublishedFacts } from '../../../../lib/client/publish/ci-output.ts';
import { errorAnnotation, withoutCommands } from '../../../../lib/client/text.ts';
import { commandRig } from '../../../support/command-rig.ts';
import { tarball } from '../../../support/tarball.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const published: PublishedFacts = {
  status: 'published',
  channel: 'demo',
  release: 'demo-1',
  fresh: true,
  latest: true,
  latestRelease: 'demo-1',
  channelUrl: 'https://channels.test/channel/demo.tar.xz',
  permanentUrl: 'https://channels.test/permanent/demo-1.tar.xz',
  narHash: 'sha256-sLRpkuPiT5DlT6ufwgBZc858dOxMKbRnSZHckiWRg0o=',
  snippets: [{ use: 'flake input', text: 'inputs.demo.url = "https://channels.test/channel/demo.tar.xz";' }],
};
const github = { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: '/output', GITHUB_STEP_SUMMARY: '/summary' };
const delimiter = 'value_0123';

const textOf = (path: string, changes: Partial<PublishedFacts> = {}): string =>
  ciFiles(
    { ...published, ...changes },
    { environment: github, dotenv: path === '/dotenv' ? path : undefined, delimiter },
  ).find((file) => file.path === path)?.text ?? '';

/** As GitHub's runner reads a file of outputs. */
function readOutputs(text: string): Record<string, string> {
  const lines = text.split('\n');
  const outputs: Record<string, string> = {};
  while (lines.length > 1) {
    const [, name = '', end = ''] = /^([^=<]+)<<(.+)$/.exec(lines.shift() as string) ?? [];
    const size = lines.indexOf(end);
    if (name === '' || size === -1) throw new Error(`not an output: ${JSON.stringify(lines)}`);
    outputs[name] = lines
      .splice(0, size + 1)
      .slice(0, -1)
      .join('\n');
  }
  return outputs;
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('latest=true', 'latest<<EOF', 'EOF', '\n', '\r\n', '\r', '<<', 'a', '`', '``', '|', '\\'))
    .map((parts) => parts.join('')),
);

describe('the outputs for GitHub Actions', () => {
  it('are the facts of the release', () => {
    expect(readOutputs(textOf('/output'))).toEqual({
      release: 'demo-1',
      'permanent-url': published.permanentUrl,
      'channel-url': published.channelUrl,
      'nar-hash': published.narHash,
      latest: 'true',
    });
    expect(readOutputs(textOf('/output', { latest: false, narHash: null }))).toMatchObject({
      'nar-hash': '',
      latest: 'false',
    });
  });

  it('cannot be added to or changed by a value', () => {
    fc.assert(
      fc.property(hostile, hostile, (release, permanentUrl) => {
        const outputs = readOutputs(textOf('/output', { release, permanentUrl, latest: false }));

        expect(outputs).toEqual({
          release,
          'permanent-url': permanentUrl,
          'channel-url': published.channelUrl,
          'nar-hash': published.narHash,
          latest: 'false',
        });
      }),
    );
  });

  it('are written only there, and only into files that it names', () => {
    const options = { dotenv: undefined, delimiter };

    expect(ciFiles(published, { ...options, environment: { ...github, GITHUB_ACTIONS: undefined } })).toEqual([]);
    expect(ciFiles(published, { ...options, environment: { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: '' } })).toEqual([]);
  });
});

describe('the summary of a job', () => {
  it('is a table with the lines to paste', () => {
    expect(textOf('/summary')).toBe(`### Published to \`demo\`, its latest release

| | |
|---|---|
| release | \`demo-1\` |
| URL of the release | \`https://channels.test/permanent/demo-1.tar.xz\` |
| narHash | \`sha256-sLRpkuPiT5DlT6ufwgBZc858dOxMKbRnSZHckiWRg0o=\` |
| flake input | \`inputs.demo.url = "https://channels.test/channel/demo.tar.xz";\` |

`);
  });

  it('says when nothing moved', () => {
    expect(textOf('/summary', { fresh: false, latest: false })).toContain(
      '### Already published to `demo`, not its latest release\n',
    );
  });

  it('keeps its lines and cells with any values', () => {
    const shape = textOf('/summary').split('\n').length;

    fc.assert(
      fc.property(hostile, (release) => {
        const lines = textOf('/summary', { release }).split('\n');

        expect(lines).toHaveLength(shape);
        expect(lines[4]?.split('|')).toHaveLength(4);
        const [, fence = ''] = /^\| release \| (`+)/.exec(lines[4] ?? '') ?? [];
        const runs = [...(lines[4] ?? '').matchAll(/`+/g)].map(([run]) => run);
        expect(runs.filter((run) => run === fence)).toHaveLength(release === '' ? 0 : 2);
      }),
    );
  });
});

describe('the dotenv file', () => {
  it('has one variable a line', () => {
    expect(textOf('/dotenv')).toBe(`RELEASE=demo-1
PERMANENT_URL=https://channels.test/permanent/demo-1.tar.xz
CHANNEL_URL=https://channels.test/channel/demo.tar.xz
NAR_HASH=sha256-sLRpkuPiT5DlT6ufwgBZc858dOxMKbRnSZHckiWRg0o=
LATEST=true
`);
  });

  it.each(['demo\nLATEST=true', 'demo\r', 'a\0b', '\x85'])('is refused with the release %j', (release) => {
    expect(() => textOf('/dotenv', { release })).toThrow(
      "The release was published, but /dotenv was not written: the API's RELEASE has a line break or another control character, which a dotenv file cannot hold.",
    );
  });
});

describe('an annotation', () => {
  it('has its message on one line', () => {
    expect(errorAnnotation('100 % of\r\n::error::it')).toBe('::error title=channelctl::100 %25 of%0D%0A::error::it\n');
  });

  it('is one line whatever the message is', () => {
    fc.assert(
      fc.property(hostile, (message) => {
        expect(errorAnnotation(message)).toMatch(/^::error title=channelctl::[^\r\n]*\n$/);
      }),
    );
  });
});

describe('text without commands', () => {
  it.each([
    ['::set-output name=latest::true', '\\u003a:set-output name=latest::true'],
    ['a\n \t::add-mask::a', 'a\n \t\\u003a:add-mask::a'],
    ['a ##[add-mask]a', 'a #\\u0023[add-mask]a'],
    ['https://[::1]/ a::b #[c]', 'https://[::1]/ a::b #[c]'],
  ])('makes of %j %j', (text, expected) => {
    expect(withoutCommands(text)).toBe(expected);
  });

  it('keeps the value of JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.stringify([value, '##[error]', '::error::']);

        expect(JSON.parse(withoutCommands(json))).toEqual(JSON.parse(json));
        expect(withoutCommands(json)).not.toContain('##[');
      }),
    );
  });
});

describe('channelctl in GitHub Actions', () => {
  const run = async (more: Record<string, string>, ...args: string[]) => {
    const environment = { CHANNELCTL_URL: 'https://api.test', XDG_STATE_HOME: directory.path, ...more };
    const { run } = commandRig({ environment });
    await run('add', 'demo');
    return run(...args);
  };
  const archive = directory.file('demo-1.tar.xz', tarball('hello'));

  it('publish: writes outputs, a summary and a dotenv file', async () => {
    const output = directory.file('output', 'before<<x\n1\nx\n');
    const summary = join(directory.path, 'summary');
    const dotenv = join(directory.path, 'dotenv');
    const environment = { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary };
    const { code, out, err } = await run(environment, 'publish', 'demo', archive, '--dotenv', dotenv, '--json');

    expect(err).not.toContain('::');
    expect(code).toBe(0);
    const { narHash, permanentUrl } = JSON.parse(out);
    expect(narHash).toMatch(/^sha256-/);
    expect(readOutputs(readFileSync(output, 'utf8'))).toMatchObject({
      before: '1',
      release: 'demo-1',
      'permanent-url': permanentUrl,
      'nar-hash': narHash,
      latest: 'true',
    });
    expect(readFileSync(summary, 'utf8')).toContain('| release | `demo-1` |');
    expect(readFileSync(dotenv, 'utf8')).toContain(`NAR_HASH=${narHash}\nLATEST=true\n`);
  });

  it('publish: writes nothing in a dry run', async () => {
    const output = join(directory.path, 'dry');
    const environment = { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: output };

    expect((await run(environment, 'publish', 'demo', archive, '--dry-run')).code).toBe(0);
    expect(() => readFileSync(output)).toThrow('ENOENT');
  });

  it('publish: says that the release was published if a file cannot be written', async () => {
    mkdirSync(join(directory.path, 'folder'));
    const { code, err } = await run({}, 'publish', 'demo', archive, '--dotenv', join(directory.path, 'folder'));

    expect(code).toBe(3);
    expect(err).toContain(`The release was published, but ${directory.path}/folder cannot be written (EISDIR)`);
  });

  it.each([
    ['a problem', ['publish', 'none', archive], /^There is no channel "none"/],
    ['a usage error', ['publish'], /^missing required argument 'channel'/],
  ])('shows %s as an annotation, on standard error only', async (_, args, sentence) => {
    const { code, out, err } = await run({ GITHUB_ACTIONS: 'true' }, ...args, '--json');
    const [, message] = /^::error title=channelctl::(.*)$/m.exec(err) ?? [];

    expect(code).not.toBe(0);
    expect(message).toMatch(sentence);
    expect(JSON.parse(out).error.message).toBe(message);
    expect((await run({}, ...args, '--json')).err).not.toContain('::error');
  });

  it('prints no command that a name holds', async () => {
    const path = join(directory.path, 'a ##[add-mask]x.tar.xz');
    const { err } = await run({ GITHUB_ACTIONS: 'true' }, 'publish', 'demo', path);

    expect(err).toContain('a #\\u0023[add-mask]x.tar.xz');
    expect(err.replace(/^::error .*$/m, '')).not.toContain('##[');
  });
});
