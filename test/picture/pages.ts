import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { contentSecurityPolicy } from '../../lambda/serve/documents/html.ts';
import { chromium, openTab } from '../support/chromium.ts';
import { demoChannel, demoIndex } from './reading-demo.ts';

// Draws docs/pages/*.webp: the pages for readers as a browser shows them.
if (chromium === undefined) throw new Error('CHROMIUM must name the program of a Chromium.');
const out = new URL('../../docs/pages/', import.meta.url);
mkdirSync(out, { recursive: true });
const pages: Readonly<Record<string, string>> = { index: demoIndex(), channel: demoChannel() };
const server = http.createServer(({ url = '' }, answer) => {
  answer.setHeader('content-type', 'text/html; charset=utf-8');
  answer.setHeader('content-security-policy', contentSecurityPolicy);
  answer.end(pages[url.slice(1)]);
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const tab = await openTab(chromium);
try {
  for (const name of Object.keys(pages))
    for (const width of [390, 1280])
      for (const scheme of ['light', 'dark'] as const) {
        await tab.resize(width, 900);
        await tab.colors(scheme);
        await tab.open(`${origin}/${name}`);
        const height = await tab.evaluate<number>('document.documentElement.scrollHeight');
        await tab.resize(width, Math.min(height, 2_400));
        const picture = await tab.picture({ format: 'webp', quality: 80 });
        writeFileSync(new URL(`${name}-${width}-${scheme}.webp`, out), picture);
      }
} finally {
  await tab.close();
  server.close();
}
