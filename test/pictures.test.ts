import { readdirSync, readFileSync, statSync } from 'node:fs';
import { expect, it } from '@jest/globals';

const at = (path: string): URL => new URL(`../${path}`, import.meta.url);
const shown = ['README.md', 'docs/reading.md'].flatMap((page) =>
  [...readFileSync(at(page), 'utf8').matchAll(/(?:src|srcset)="([^"]*)"/g)].map(
    ([, address = '']) => new URL(address, at(page)).href,
  ),
);
const pictures = readdirSync(at('docs/pages')).map((name) => at(`docs/pages/${name}`));

it('the pages show each picture of docs/pages, and no other', () => {
  expect([...new Set(shown)].sort()).toEqual(pictures.map(({ href }) => href).sort());
});

it('a picture is below 100 KB', () => {
  for (const picture of pictures)
    expect([picture.href, statSync(picture).size < 100_000]).toEqual([picture.href, true]);
});
