import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { build, type Metafile } from 'esbuild';
import { bundleFunction, bundling } from '../../../lib/stack/bundle-function.ts';
import { heavyFindings, loadedBy } from '../../support/lean-bundle.ts';
import { channelApp } from '../../support/synth-stack.ts';

interface Lambda {
  readonly Type: string;
  readonly Properties: { readonly Code: { readonly S3Key: string } };
}

describe('the bundle of the read function that the stack ships', () => {
  const { directory, stacks } = channelApp({}, { bundle: true }).synth();
  const metafileOf = (name: string) =>
    JSON.parse(readFileSync(join(directory, `${name.toLowerCase()}.meta.json`), 'utf8')) as Metafile;
  const resources = Object.entries<Lambda>(stacks[0]?.template.Resources);
  const assetOf = (name: string): string => {
    const [, lambda] =
      resources.find(([id, { Type }]) => Type === 'AWS::Lambda::Function' && id.startsWith(name)) ?? [];
    return join(directory, `asset.${lambda?.Properties.Code.S3Key.replace(/\.zip$/, '')}`);
  };
  const metafile = metafileOf('Serve');
  const namesOf = (paths: readonly string[]) => paths.map((path) => basename(path));

  it('contains what the metafile describes, with the handler in index.mjs', () => {
    const files = namesOf(Object.keys(metafile.outputs));
    expect(readdirSync(assetOf('Serve')).sort()).toEqual(['THIRD-PARTY-NOTICES.txt', ...files].sort());
    for (const [path, { bytes }] of Object.entries(metafile.outputs))
      expect(statSync(join(assetOf('Serve'), basename(path))).size).toBe(bytes);
    const index = Object.entries(metafile.outputs).find(([path]) => basename(path) === 'index.mjs')?.[1];
    expect(index).toMatchObject({ entryPoint: 'lambda/serve/main.ts', exports: ['handler'] });
  });

  it('is lean: no S3 client, no credential chain, no zod, no node:http, only node: modules outside, and small', () => {
    expect(heavyFindings(metafile)).toEqual([]);
  });

  it('makes an open service load three files, without tokens, secrets and pages', () => {
    const loaded = loadedBy('open', metafile);
    expect(loaded).toHaveLength(3);
    expect(loaded.flatMap((path) => Object.keys(metafile.outputs[path]?.inputs ?? {}))).not.toContainEqual(
      expect.stringMatching(
        /lambda\/auth|aws-jwt-verify|secret-keys|open-delivery|read\/delivery|serve\/documents|retired|resume/,
      ),
    );
  });

  it.each([
    ['tokens', 'private', 'lambda/serve/with-tokens.ts'],
    ['a key in a secret', 'secret', 'lambda/serve/with-secret.ts'],
  ] as const)('makes a service with %s load only one file more', (_, service, entryPoint) => {
    const [more, ...others] = loadedBy(service, metafile).filter((path) => !loadedBy('open', metafile).includes(path));
    expect(others).toEqual([]);
    expect(metafile.outputs[more ?? '']?.entryPoint).toBe(entryPoint);
  });

  it('has the same files wherever it is written', () => {
    const elsewhere = join(directory, 'some', 'where', 'else');
    mkdirSync(elsewhere, { recursive: true });
    bundleFunction('serve', elsewhere);
    const contents = (from: string) => readdirSync(from).map((file) => [file, readFileSync(join(from, file), 'utf8')]);
    expect(contents(elsewhere)).toEqual(contents(assetOf('Serve')));
  });

  it.each([
    ['Serve', ['@aws-sdk/s3-request-presigner', '@middy/core', '@smithy/signature-v4', 'aws-jwt-verify']],
    ['Publish', ['@aws-sdk/client-s3', '@middy/core', 'zod']],
  ])('%s has the notices of every package in its code', (name, some) => {
    const bundled = Object.values(metafileOf(name).outputs)
      .flatMap(({ inputs }) => Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0))
      .flatMap(([path]) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
    expect(bundled).toEqual(expect.arrayContaining(some));
    const notices = readFileSync(join(assetOf(name), 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    expect(bundled.filter((pack) => !notices.includes(`\n${pack} `))).toEqual([]);
    expect(notices).toContain('Copyright (c) Middy contributors\n');
  });

  it('loads no module at run time that the metafile does not show', () => {
    for (const file of readdirSync(assetOf('Serve')).filter((name) => name.endsWith('.mjs')))
      expect(readFileSync(join(assetOf('Serve'), file), 'utf8')).not.toMatch(
        /createRequire|Dynamic require|getBuiltinModule/,
      );
  });
});

describe('heavyFindings', () => {
  const findings = async (contents: string) => {
    const { metafile } = await build({
      stdin: { contents, resolveDir: fileURLToPath(new URL('../../..', import.meta.url)) },
      ...bundling,
      write: false,
      metafile: true,
      external: ['some-layer'],
    });
    return heavyFindings(metafile);
  };

  it.each([
    ['an S3 client', "export { S3Client } from '@aws-sdk/client-s3';", 'contains @aws-sdk/client-s3'],
    [
      'the credential chain',
      "export { fromNodeProviderChain } from '@aws-sdk/credential-providers';",
      'contains @aws-sdk/credential-provider',
    ],
    ['zod', "export { string } from 'zod/mini';", 'contains zod'],
    ['node:http', "export { request } from 'node:http';", 'imports node:http'],
    ['node:http by another name', "export { request } from 'http';", 'imports http'],
    ['node:http, late', "export const late = () => import('node:http');", 'imports node:http'],
    ['node:http, required', "export const late = () => require('node:http');", 'imports node:http'],
    ['a package left outside', "export { x } from 'some-layer';", 'leaves some-layer external'],
    ['much text', `export const text = '${'x'.repeat(60_000)}';`, 'a service (open) load 60028 bytes, more than 60000'],
  ])('reports %s', async (_name, contents, finding) => {
    expect(await findings(contents)).toContainEqual(expect.stringContaining(finding));
  });

  it.each([
    ['node:https', "export { request } from 'node:https'; export { setTimeout } from 'node:timers/promises';"],
    ['an import that tree shaking drops', "import { S3Client } from '@aws-sdk/client-s3'; export const x = 1;"],
  ])('does not report %s', async (_name, contents) => {
    expect(await findings(contents)).toEqual([]);
  });
});
