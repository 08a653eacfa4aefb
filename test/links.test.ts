import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const docs = readdirSync(join(checkout, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs];
const textOf = new Map(pages.map((page) => [page, readFileSync(join(checkout, page), 'utf8')]));

/** The page without its code, in which nothing is a heading or a link. */
const prose = (markdown: string): string =>
  markdown.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '').replaceAll(/^ {4}.*$/gm, '');

/** The anchors that GitHub gives to the headings of a page: a second heading with the same text ends in -1. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of prose(markdown).matchAll(/^#{1,6} +(.*?) *$/gm)) {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = text.replaceAll(/[^\p{L}\p{N}_\- ]/gu, '').replaceAll(' ', '-');
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/** The links of a page, with those of pictures, that lead to this repository. */
const linksOf = (markdown: string): string[] =>
  [
    ...prose(markdown)
      .replaceAll(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^)\s]*)\)|(?:src|srcset)="([^"]*)"/g),
  ]
    .map(([, link, source]) => link ?? source ?? '')
    .filter((link) => !/^[a-z]+:/.test(link));

/** What is wrong with a link of a page, if anything is. */
function faultOf(page: string, link: string, texts: ReadonlyMap<string, string>): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : relative('/', join('/', dirname(page), path));
  if (!existsSync(join(checkout, target))) return `${page}: ${link}: there is no file ${target}`;
  if (anchor === undefined) return undefined;
  const found = anchorsOf(texts.get(target) ?? '').has(anchor);
  return found ? undefined : `${page}: ${link}: ${target} has no heading with this anchor`;
}

const faultsOf = (texts: ReadonlyMap<string, string>): string[] =>
  [...texts].flatMap(([page, text]) => linksOf(text).flatMap((link) => faultOf(page, link, texts) ?? []));

describe('the links of README, CONTRIBUTING, CHANGELOG and docs', () => {
  it('lead to files and headings that exist', () => {
    expect([...textOf.values()].flatMap(linksOf).length).toBeGreaterThan(150);
    expect(faultsOf(textOf)).toEqual([]);
  });

  it('are found broken when any linked heading is renamed', () => {
    const linked = new Set(
      [...textOf].flatMap(([page, text]) =>
        linksOf(text)
          .filter((link) => link.includes('#'))
          .map((link) => new URL(link, `file:///${page}`).href),
      ),
    );
    expect(linked.size).toBeGreaterThan(40);
    for (const href of linked) {
      const { pathname, hash } = new URL(href);
      const target = pathname.slice(1);
      const renamed = (textOf.get(target) ?? '').replaceAll(/^#{1,6} .*$/gm, (heading) =>
        anchorsOf(heading).has(hash.slice(1)) ? `${heading} renamed` : heading,
      );
      expect([href, faultsOf(new Map([...textOf, [target, renamed]])).length > 0]).toEqual([href, true]);
    }
  });

  it('lead from README to each page of docs', () => {
    const linked = linksOf(textOf.get('README.md') ?? '').map((link) => link.replace(/#.*/, ''));
    expect(docs.filter((page) => !linked.includes(page))).toEqual([]);
  });
});

describe('the anchor of a heading', () => {
  it.each([
    ['## Who may', 'who-may'],
    ['## The channels: `/index.json`', 'the-channels-indexjson'],
    ["## The lines on a channel's page", 'the-lines-on-a-channels-page'],
    ['### Upgrade, and go back', 'upgrade-and-go-back'],
    ['## See [the bucket](bucket.md)', 'see-the-bucket'],
  ])('of "%s" is #%s, as on GitHub', (heading, anchor) => {
    expect([...anchorsOf(heading)]).toEqual([anchor]);
  });

  it('ends in a number if an earlier heading has the same text', () => {
    expect([...anchorsOf('## Try it\n\n## Try it\n\n## Try it\n')]).toEqual(['try-it', 'try-it-1', 'try-it-2']);
  });

  it('is not made of a comment in a block of code', () => {
    expect([...anchorsOf('# Page\n\n```sh\n# a comment\n```\n')]).toEqual(['page']);
  });
});
