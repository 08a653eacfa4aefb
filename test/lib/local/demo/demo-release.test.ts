import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { demoRelease, packDemo } from '../../../../lib/local/demo/demo-release.ts';

it('the demo archive is up to date with its folder', async () => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of packDemo()) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(await readFile(demoRelease.path))).toBe(true);
});
