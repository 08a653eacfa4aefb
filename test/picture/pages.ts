import { mkdirSync, writeFileSync } from 'node:fs';
import { chromium, openTab } from '../support/chromium.ts';
import { serveDemo } from './reading-demo.ts';

// Draws docs/pages/*.webp: the pages for readers as a browser shows them.
if (chromium === undefined) throw new Error('Set CHROMIUM to the program of a Chromium, such as /usr/bin/chromium.');
const out = new URL('../../docs/pages/', import.meta.url);
mkdirSync(out, { recursive: true });
const maxHeight = { 390: 1_500, 1280: 1_700 };

const demo = await serveDemo();
const tab = await openTab(chromium);
try {
  for (const name of ['index', 'channel'])
    for (const width of [390, 1280] as const)
      for (const scheme of ['light', 'dark'] as const) {
        await tab.resize(width, 900);
        await tab.colors(scheme);
        await tab.open(`${demo.origin}/${name}`);
        const height = await tab.evaluate<number>('document.documentElement.scrollHeight');
        await tab.resize(width, Math.min(height, maxHeight[width]));
        const picture = await tab.picture({ format: 'webp', quality: 75 });
        writeFileSync(new URL(`${name}-${width}-${scheme}.webp`, out), picture);
      }
} finally {
  await tab.close();
  demo.close();
}
