import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { jsonSchemaOf, readingSchemas } from '../../../lib/api/reading-schemas.ts';
import { channelDocument, channels } from '../../picture/reading-demo.ts';
import { MemoryBucket, sha256 } from '../../support/memory-bucket.ts';
import { serveRig } from '../../support/serve-rig.ts';

type Name = keyof typeof readingSchemas;
const names = Object.keys(readingSchemas) as Name[];
const read = (name: Name) =>
  JSON.parse(readFileSync(new URL(`../../../docs/schemas/${name}.json`, import.meta.url), 'utf8'));

const at = '2026-01-01T00:00:00.000Z';
const change = (serial: number, details: object) => ({ serial, operation: `o${serial}`, by: 'arn', at, ...details });

function rig() {
  const bucket = new MemoryBucket();
  bucket.putJson('channels.json', { channels: ['demo', 'nixos-25.05', 'empty', 'lost'], removed: ['gone'] });
  const archives = { 'demo-3': { flake: true, topLevelEntries: 1 } };
  const metadata = {
    rev: '0a'.repeat(20),
    revcount: '7',
    lastmodified: '1767225600',
    narhash: `sha256-${sha256('tree', 'base64')}`,
    sha256: sha256('three'),
    channel: 'demo',
  };
  bucket.put('demo-3.tar.xz', 'three', metadata);
  bucket.putJson('demo.json', {
    latest: 'demo-3',
    previous: ['demo-0', 'demo-1', 'demo-2'],
    archives,
    yanked: { 'demo-2': { reason: 'broken', at }, 'demo-0': {} },
    history: [
      change(1, { action: 'publish', release: 'demo-1' }),
      change(2, { action: 'publish', release: 'demo-2', from: 'demo-1' }),
      change(3, { action: 'yank', release: 'demo-2', to: 'demo-1', reason: 'broken' }),
      change(4, { action: 'promote', release: 'demo-3', source: 'small' }),
    ],
  });
  bucket.putJson('nixos-25.05.json', { latest: 'demo-3', archives });
  bucket.putJson('empty.json', { latest: null });
  bucket.putJson('gone.json', { latest: 'gone-1', removed: {} });
  return serveRig({ bucket });
}

describe('the schemas of the documents for programs', () => {
  it.each(names)('%s is in docs/schemas as it is here (npm run docs:schemas writes it)', (name) => {
    expect(read(name)).toEqual(JSON.parse(JSON.stringify(jsonSchemaOf(name))));
    expect(read(name).$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  });

  it.each([
    ['index', '/index.json'],
    ['index', '/index.json?after=zzz'],
    ['channel', '/channel/demo.json'],
    ['channel', '/channel/demo.json?after=demo-2'],
    ['channel', '/channel/nixos-25.05.json'],
    ['channel', '/channel/empty.json'],
    ['flake-registry', '/flake-registry.json'],
  ] as const)('%s allows %s, and names every field of it', async (name, path) => {
    const { status, body } = await rig().get(path);
    const document = JSON.parse(body);
    expect(status).toBe(200);
    expect(z.fromJSONSchema(read(name)).safeParse(document).error).toBeUndefined();
    // What a schema does not name is left out here.
    expect(readingSchemas[name].parse(document)).toEqual(document);
  });

  it('names every field that a page can show', () => {
    const index = { access: 'open', channels, next: 'tools' };
    expect(readingSchemas.index.parse(index)).toEqual(index);
    expect(readingSchemas.channel.parse(channelDocument)).toEqual(channelDocument);
    for (const [name, document] of [
      ['index', index],
      ['channel', channelDocument],
    ] as const)
      expect(z.fromJSONSchema(read(name)).safeParse(document).error).toBeUndefined();
  });

  it.each([
    ['a list without channels', 'index', { access: 'open' }],
    ['a list for everybody', 'index', { access: 'everybody', channels: [] }],
    ['a channel without "latest"', 'index', { access: 'open', channels: [{ channel: 'demo', state: 'served' }] }],
    ['a rev that is a branch', 'channel', { ...channelDocument, latest: { release: 'demo-1', rev: 'main' } }],
    ['a release without a name', 'channel', { ...channelDocument, releases: [{}] }],
    ['a channel without "extension"', 'channel', { ...channelDocument, extension: undefined }],
    ['a registry of version 1', 'flake-registry', { version: 1, flakes: [] }],
  ] as const)('do not allow %s', (_, name, document) => {
    expect(z.fromJSONSchema(read(name)).safeParse(JSON.parse(JSON.stringify(document))).success).toBe(false);
  });

  it('allow fields that a later version may have', () => {
    const later = { ...channelDocument, since: at, latest: { release: 'demo-1', signature: 'x' } };
    expect(z.fromJSONSchema(read('channel')).safeParse(later).success).toBe(true);
  });
});
