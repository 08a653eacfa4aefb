import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serveDemo } from '../picture/reading-demo.ts';
import { chromium, openTab, type Tab } from '../support/chromium.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

const at = '2026-05-16T02:10:00.000Z';
const change = (serial: number, details: object) => ({ serial, operation: `o${serial}`, by: 'arn', at, ...details });

if (chromium === undefined) {
  console.log('CHROMIUM is not set: what needs a real browser is skipped.');
  it.skip('with the browser that CHROMIUM names', () => {});
} else
  describe('the pages in a real browser', () => {
    let system: TestSystem;
    let demo: Awaited<ReturnType<typeof serveDemo>>;
    let tab: Tab;

    beforeAll(async () => {
      system = await startTestSystem();
      await system.lay('channels.json', { channels: ['demo', 'empty', 'lost'], removed: ['gone'] });
      await system.lay('demo-3.tar.xz', 'three');
      await system.lay('demo.json', {
        latest: 'demo-3',
        previous: [...Array.from({ length: 120 }, (_, index) => `older-${index}`), 'demo-1', 'demo-2'],
        serial: 4,
        archives: { 'demo-3': { flake: true, topLevelEntries: 1 } },
        yanked: { 'demo-2': { reason: 'It does not boot.', at } },
        history: [
          change(1, { action: 'publish', release: 'demo-1' }),
          change(2, { action: 'publish', release: 'demo-2' }),
          change(3, { action: 'yank', release: 'demo-2', to: 'demo-1', reason: 'It does not boot.' }),
          change(4, { action: 'promote', release: 'demo-3', source: 'demo-small' }),
        ],
      });
      await system.lay('empty.json', { latest: null });
      await system.lay('gone.json', { latest: 'gone-1', removed: {} });
      demo = await serveDemo();
      tab = await openTab(chromium as string);
      await tab.send('Page.bringToFront');
      await tab.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    });
    afterAll(async () => {
      await tab.close();
      demo.close();
      await system.close();
    });

    const pages: readonly (readonly [page: string, url: () => string])[] = [
      ['the list of channels', () => `${system.origin}/`],
      ['a channel', () => `${system.origin}/channel/demo`],
      ['its earlier history', () => `${system.origin}/channel/demo?after=older-100`],
      ['a channel without a release', () => `${system.origin}/channel/empty`],
      ['an unknown channel', () => `${system.origin}/channel/nothing`],
      ['a removed channel', () => `${system.origin}/channel/gone`],
      ['a list with all that there can be', () => `${demo.origin}/index`],
      ['a channel with all that there can be', () => `${demo.origin}/channel`],
      ['a page that needs a token', () => `${demo.origin}/refusal`],
    ];

    describe.each(pages)('%s', (_, url) => {
      it.each([
        [390, 'light'],
        [390, 'dark'],
        [1280, 'light'],
        [1280, 'dark'],
      ] as const)('has nothing that axe finds, at %d pixels and %s', async (width, scheme) => {
        await tab.resize(width, 900);
        await tab.colors(scheme);
        await tab.open(url());
        await tab.evaluate(axe);
        const { violations, incomplete, passes } = await tab.evaluate<Record<string, readonly Finding[]>>('axe.run()');
        expect([...(violations ?? []), ...(incomplete ?? [])].map(({ help, nodes }) => [help, nodes])).toEqual([]);
        expect(passes?.map(({ id }) => id)).toEqual(
          expect.arrayContaining(['color-contrast', 'document-title', 'html-has-lang', 'landmark-one-main', 'region']),
        );
      });

      it.each([320, 390, 1280])('does not scroll sideways at %d pixels', async (width) => {
        await tab.resize(width, 900);
        await tab.open(url());
        expect(await tab.evaluate('document.documentElement.scrollWidth')).toBe(width);
      });

      it('asks for nothing but itself, and writes nothing to the console', async () => {
        await tab.open(url());
        await tab.evaluate('new Promise((resolve) => setTimeout(resolve, 200))');
        const asked = tab.events
          .filter(({ method }) => method === 'Network.requestWillBeSent')
          .map(({ params }) => (params.request as { url: string }).url)
          .filter((address) => !address.startsWith('data:'));
        expect(asked).toEqual([url()]);
        const said = tab.events
          .filter(({ method }) => /^(?:Runtime\.(?:consoleAPICalled|exceptionThrown)|Log\.entryAdded)$/.test(method))
          // The browser's own remark about the status of this page.
          .filter(({ params }) => !/status of 4\d\d/.test(JSON.stringify(params)));
        expect(said).toEqual([]);
        expect(await tab.evaluate('document.cookie')).toBe('');
      });

      it('gives the focus to each link and button in the order of the page, and shows where it is', async () => {
        await tab.open(url());
        const order = await tab.evaluate<string[]>(
          `[...document.querySelectorAll('a[href], button')].map(({ textContent }) => textContent)`,
        );
        const reached: string[] = [];
        for (const _ of order) {
          await tab.press('Tab');
          const [text, outline] = await tab.evaluate<[string, string]>(
            `[document.activeElement.textContent, getComputedStyle(document.activeElement).outline]`,
          );
          reached.push(text);
          expect(outline).toMatch(/solid 2px$/);
        }
        expect(reached).toEqual(order);
      });
    });

    describe('the button beside a line', () => {
      const toPaste = () => `inputs.demo.url = "${system.baseUrl}/channel/demo.tar.xz";`;

      it('puts the line into the clipboard by the keyboard alone, and says so', async () => {
        await tab.send('Browser.grantPermissions', {
          origin: system.origin,
          permissions: ['clipboardReadWrite', 'clipboardSanitizedWrite'],
        });
        await tab.open(`${system.origin}/channel/demo`);
        const focused = 'document.activeElement.textContent';
        for (let presses = 0; presses < 20; presses += 1) {
          await tab.press('Tab');
          if ((await tab.evaluate<string>(focused)) === 'Copy: flake input') break;
        }
        await tab.press('Enter');
        await tab.evaluate(`new Promise((resolve) => setTimeout(resolve, 300))`);
        expect(await tab.evaluate('navigator.clipboard.readText()')).toBe(toPaste());
        expect(await tab.evaluate(`document.querySelector('[role=status]').textContent`)).toBe('Copied: flake input');
        expect(await tab.evaluate(focused)).toBe('Copied: flake input');
      });

      it('selects the line where the browser refuses the clipboard', async () => {
        await tab.open(`${system.origin}/channel/demo`);
        await tab.evaluate(`navigator.clipboard.writeText = () => Promise.reject(new Error('no'))`);
        await tab.evaluate(`document.querySelector('button').click()`);
        await tab.evaluate(`new Promise((resolve) => setTimeout(resolve, 100))`);
        expect(await tab.evaluate('String(getSelection())')).toBe(toPaste());
        expect(await tab.evaluate(`document.querySelector('[role=status]').textContent`)).toBe('Selected: flake input');
      });

      it('is not there without JavaScript, where everything else is', async () => {
        await tab.send('Emulation.setScriptExecutionDisabled', { value: true });
        await tab.open(`${system.origin}/channel/demo`);
        await tab.send('Emulation.setScriptExecutionDisabled', { value: false });
        expect(await tab.evaluate(`document.querySelectorAll('button').length`)).toBe(0);
        expect(await tab.evaluate(`document.querySelector('pre').innerText`)).toBe(toPaste());
      });
    });

    it('leads through the whole history, and back to its begin', async () => {
      await tab.open(`${system.origin}/channel/demo`);
      const seen = new Set<string>();
      for (;;) {
        for (const link of await tab.evaluate<string[]>(
          `[...document.querySelectorAll('ol a')].map((a) => a.textContent)`,
        ))
          seen.add(link);
        const next = await tab.evaluate<string | null>(`document.querySelector('a[rel=next]')?.href ?? null`);
        if (next === null) break;
        await tab.open(next);
      }
      expect(seen.size).toBe(122);
      expect(await tab.evaluate(`document.querySelector('a[rel=first]').href`)).toBe(`${system.origin}/channel/demo`);
    });
  });
