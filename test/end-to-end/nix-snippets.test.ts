import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Snippet } from '../../lib/domain/snippets.ts';
import { type NixClient, type NixRun, nixClient, nixClients } from '../support/nix-client.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';
import { zipOf } from '../support/zip.ts';

const run = promisify(execFile);

const flake = { 'flake.nix': '{ outputs = _: { word = "hello"; }; }', 'default.nix': '"hello"' };
const source = { 'default.nix': '"hello"' };

/** How an archive is made, and which lines a channel of it has. */
interface Shape {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly flat?: boolean;
  readonly uses: readonly Snippet['use'][];
}

const tarShapes: readonly Shape[] = [
  { name: 'flake', files: flake, uses: ['flake input', 'nix-channel', 'fetchTarball'] },
  { name: 'source', files: source, uses: ['flake input', 'nix-channel', 'fetchTarball'] },
  { name: 'flat', files: { ...flake, word: 'hello' }, flat: true, uses: ['flake input', 'fetchTarball'] },
];

const compressors = { '.tar.xz': 'xz', '.tar.gz': 'gzip', '.tar.zst': 'zstd', '.tgz': 'gzip', '.tar': undefined };
const extensions: readonly string[] = [...Object.keys(compressors), '.zip'];
const channels = extensions.flatMap((extension) =>
  tarShapes.map((shape) => ({
    ...shape,
    extension,
    // A dot in it, as in nixos-25.05.
    channel: `${shape.name}${extension.replaceAll('.', '-')}.1`,
  })),
);
const image = 'an image';
const rev = '0123456789abcdef0123456789abcdef01234567';

if (nixClients.length === 0) {
  console.log('NIX_CLIENTS is not set: what needs a real Nix is skipped.');
  it.skip('with a real Nix, in the directories that NIX_CLIENTS names', () => {});
} else
  describe('the lines that the page and the command print', () => {
    let system: TestSystem;

    async function archive(path: string, { files, flat = false }: Shape): Promise<void> {
      const inside = join(system.directory, 'inside');
      const top = flat ? inside : join(inside, 'top');
      await mkdir(top, { recursive: true });
      for (const [name, text] of Object.entries(files)) await writeFile(join(top, name), text);
      if (path.endsWith('.zip')) {
        const entries = Object.entries(files).map(([name, text]) => [flat ? name : `top/${name}`, text] as const);
        await writeFile(path, zipOf(entries));
      } else {
        const [, program] = Object.entries(compressors).find(([extension]) => path.endsWith(extension)) ?? [];
        const compress = program === undefined ? [] : ['-I', program];
        await run('tar', [...compress, '-cf', path, ...(flat ? Object.keys(files) : ['top'])], { cwd: inside });
      }
      await rm(inside, { recursive: true });
    }

    async function publish(channel: string, extension: string, path: string, ...flags: string[]): Promise<string> {
      await system.channelctl('add', channel, '--file-extension', extension);
      const named = ['--name', `${channel}-1`, ...flags];
      const { code, out, err } = await system.channelctl('publish', channel, path, ...named);
      expect([code, err]).toEqual([0, expect.anything()]);
      return out;
    }

    const lines = async (channel: string): Promise<readonly Snippet[]> =>
      JSON.parse((await system.channelctl('show', channel, '--json')).out).snippets;

    const line = async (channel: string, use: Snippet['use']): Promise<string> =>
      (await lines(channel)).find((snippet) => snippet.use === use)?.text ?? '';

    /** The texts to paste on the page of a channel. */
    async function pageBlocks(channel: string): Promise<string[]> {
      const page = await system.ask(`/channel/${channel}`, { headers: { accept: 'text/html' } });
      return [...page.text.matchAll(/<pre data-use="[^"]*">(.*)<\/pre>/g)].map(([, html = '']) =>
        html.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
      );
    }

    beforeAll(async () => {
      system = await startTestSystem();
      for (const { channel, extension, ...shape } of channels) {
        const path = join(system.directory, `${channel}${extension}`);
        await archive(path, shape);
        await publish(channel, extension, path);
      }
      await writeFile(join(system.directory, 'image.iso'), image);
      await publish('image', '.iso', join(system.directory, 'image.iso'));
      const facts = ['--rev', rev, '--rev-count', '7', '--last-modified', '1700000000'];
      await publish('pinned', '.tar.xz', join(system.directory, 'flake-tar-xz.1.tar.xz'), ...facts);
      // As another tool left it: a record that knows neither facts nor what is in the archive.
      for (const { name } of tarShapes)
        await system.lay(`old-${name}.json`, { latest: `${name}-tar-xz.1-1`, previous: [] });
      await system.lay('plus+plus-1.iso', image, { Metadata: {} });
      await system.lay('plus+plus.json', {
        latest: 'plus+plus-1',
        file_extension: '.iso',
        facts: { release: 'plus+plus-1', etag: '"e"', sha256: createHash('sha256').update(image).digest('hex') },
      });
      const catalog = JSON.parse(await system.read('channels.json'));
      const old = ['plus+plus', ...tarShapes.map(({ name }) => `old-${name}`)];
      await system.lay('channels.json', { ...catalog, channels: [...catalog.channels, ...old] });
    });
    afterAll(() => system.close());

    it.each(channels)('are those that fit the archive in $channel', async ({ channel, uses }) => {
      expect((await lines(channel)).map(({ use }) => use)).toEqual(uses);
    });

    it('are the same on the page, in channelctl show and after channelctl publish', async () => {
      const { channel, extension } = channels[0] ?? { channel: '', extension: '' };
      const out = await publish(channel, extension, join(system.directory, `${channel}${extension}`));
      const forPrograms = await system.ask(`/channel/${channel}`);
      const shown = await system.channelctl('show', channel);
      const texts = (await lines(channel)).map(({ text }) => text);
      expect(out.trimEnd().split('\n').slice(-3)).toEqual(texts);
      const blocks = await pageBlocks(channel);
      const [flake, pinned, ...others] = blocks;
      const npins = others.pop();
      expect([flake, ...others]).toEqual(texts);
      const { headers } = await system.ask(`/channel/${channel}${extension}`, { method: 'HEAD' });
      const [, url] = /^<(.*)>; rel="immutable"$/.exec(String(headers.link)) ?? [];
      expect(pinned).toBe(flake?.replace(/"http[^"]*"/, `"${url}"`));
      expect(npins).toBe(`npins add --name ${channel} tarball ${system.baseUrl}/channel/${channel}${extension}`);
      for (const text of texts)
        expect([shown.out, forPrograms.text]).toEqual([expect.stringContaining(text), expect.stringContaining(text)]);
    });

    it('download an image', async () => {
      for (const [channel, name] of [
        ['image', 'image.iso'],
        ['plus+plus', 'plus%2Bplus.iso'],
      ] as const) {
        await run('/bin/sh', ['-c', await line(channel, 'curl')], { cwd: system.directory });
        expect(await readFile(join(system.directory, name), 'utf8')).toBe(image);
      }
    });

    describe.each(nixClients)('used with Nix from $name,', ({ directory }) => {
      let client: NixClient;
      const word = { code: 0, out: 'hello' };

      beforeAll(async () => {
        client = await nixClient(directory);
      });
      afterAll(() => client.close());

      /** A flake with the line as it was printed, by what it evaluates. */
      async function evaluate(input: string, value: string): Promise<NixRun> {
        const path = join(client.home, 'flake');
        await rm(path, { recursive: true, force: true });
        await mkdir(path, { recursive: true });
        await writeFile(
          join(path, 'flake.nix'),
          `{\n  ${input}\n  outputs = inputs: let input = builtins.head (builtins.attrValues (removeAttrs inputs [ "self" ])); in { word = ${value}; };\n}`,
        );
        const evaluated = await client.nix('nix', 'eval', '--raw', `${path}#word`);
        const { locked } = Object.values<{ locked?: { url: string } }>(
          JSON.parse(await readFile(join(path, 'flake.lock'), 'utf8')).nodes,
        ).find((node) => node.locked !== undefined) ?? { locked: undefined };
        expect(locked?.url).toContain('/permanent/');
        return evaluated;
      }

      it.each(channels)('give a flake input of $channel', async ({ channel, files }) => {
        const input = await line(channel, 'flake input');
        expect(await evaluate(input, 'flake.nix' in files ? 'input.word' : 'import input')).toMatchObject(word);
      });

      it('give a flake input that is pinned to the URL of the Link header, with its facts', async () => {
        const input = (await pageBlocks('pinned'))[1] ?? '';
        expect(input).toContain(`?rev=${rev}&revCount=7&lastModified=1700000000&narHash=`);
        expect(await evaluate(input, 'input.word')).toMatchObject(word);
        expect(await evaluate(input, 'input.rev + toString input.revCount')).toMatchObject({
          code: 0,
          out: `${rev}7`,
        });
      });

      it.each(tarShapes)(
        'give a flake input of the old record $name, and one with the change that its remark names',
        async ({ name, files }) => {
          const input = await line(`old-${name}`, 'flake input');
          expect(await evaluate(input, 'import input')).toMatchObject(word);
          if (!('flake.nix' in files)) return;
          expect(await evaluate(input.replace(' flake = false;', ''), 'input.word')).toMatchObject(word);
        },
      );

      it.each(channels.filter(({ uses }) => uses.includes('nix-channel')))(
        'give a subscription to $channel by nix-channel',
        async ({ channel }) => {
          const add = await line(channel, 'nix-channel');
          expect(await client.nix('/bin/sh', '-c', `${add} && nix-channel --update`)).toMatchObject({ code: 0 });
          const found = join(client.home, '.nix-defexpr/channels');
          const expression = ['--eval', '--expr', `import <${channel}>`, '-I', found];
          expect(await client.nix('nix-instantiate', ...expression)).toMatchObject({ code: 0, out: '"hello"\n' });
          expect(await client.nix('nix-channel', '--remove', channel)).toMatchObject({ code: 0 });
        },
      );

      it.each([...channels.map(({ channel }) => channel), 'old-flake', 'old-source', 'old-flat'])(
        'give the archive in %s by fetchTarball',
        async (channel) => {
          const fetched = await line(channel, 'fetchTarball');
          const pure = fetched.includes('sha256') ? [] : ['--impure'];
          expect(await client.nix('nix', 'eval', '--raw', ...pure, '--expr', `import (${fetched})`)).toMatchObject(
            word,
          );
        },
      );

      it('have the hash for fetchTarball that nix-prefetch-url finds', async () => {
        const [, url, hash] =
          /url = "(.*)"; sha256 = "(.*)";/.exec(await line('flake-tar-zst.1', 'fetchTarball')) ?? [];
        const { out } = await client.nix('nix-prefetch-url', '--unpack', '--type', 'sha256', url ?? '');
        const sri = await client.nix('nix', 'hash', 'to-sri', '--type', 'sha256', out.trim());
        expect(sri.out.trim()).toBe(hash);
      });

      it.each(['image', 'plus+plus'])('give the file in %s by fetchurl', async (channel) => {
        const fetched = await line(channel, 'fetchurl');
        const expression = `builtins.readFile (${fetched})`;
        expect(await client.nix('nix', 'eval', '--raw', '--expr', expression)).toMatchObject({ code: 0, out: image });
      });
    });
  });
