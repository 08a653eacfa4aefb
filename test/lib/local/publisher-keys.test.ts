import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadPublisher } from '../../../lib/local/publisher-keys.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'publisher-keys-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

describe('loadPublisher', () => {
  it('generates keys once, in a file that only its owner can read', () => {
    const generated = loadPublisher(dataDir);
    expect(generated).toEqual({
      accessKeyId: expect.stringMatching(/^LOCAL[0-9A-F]{16}$/),
      secretAccessKey: expect.stringMatching(/^[\w-]{40}$/),
      region: 'us-east-1',
    });
    expect(statSync(join(dataDir, 'publisher.json')).mode & 0o7777).toBe(0o600);
    expect(loadPublisher(dataDir)).toEqual(generated);
    expect(readdirSync(dataDir).sort()).toEqual(['nix-channel-lambda', 'publisher.json']);
    expect(loadPublisher(join(dataDir, 'other')).secretAccessKey).not.toBe(generated.secretAccessKey);
  });

  it('refuses keys that other users can read, and invalid keys', () => {
    loadPublisher(dataDir);
    chmodSync(join(dataDir, 'publisher.json'), 0o640);
    expect(() => loadPublisher(dataDir)).toThrow(/chmod 600 .*publisher\.json/);
    chmodSync(join(dataDir, 'publisher.json'), 0o600);
    for (const text of ['{', '{"accessKeyId":"a"}', 'null', '"x"']) {
      writeFileSync(join(dataDir, 'publisher.json'), text);
      expect(() => loadPublisher(dataDir)).toThrow(/^DATA_DIR has invalid keys/);
    }
  });
});
