import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Metafile } from 'esbuild';

const checkout = fileURLToPath(new URL('..', import.meta.url));

/** For packages that name their licence without including its text. Apache-2.0 is also the licence of this project. */
const standardTexts: Readonly<Record<string, (author: string) => string>> = {
  'Apache-2.0': () => readFileSync(join(checkout, 'LICENSE'), 'utf8'),
  MIT: (author) => `MIT License

Copyright (c) ${author}

${mit(`

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.`)}`,
  'MIT-0': (author) => `MIT No Attribution

Copyright ${author}

${mit('')}`,
};

const mit = (condition: string): string => `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so${condition === '' ? '.' : `, subject to the following conditions:${condition}`}

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
}

/** A package with the text of its licence and notice. Throws if there is no text for its licence. */
function noticeOf(directory: string): { readonly title: string; readonly text: string } {
  const manifest: Manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const { name, version, license = 'no licence', author } = manifest;
  const files = readdirSync(directory).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const standard = standardTexts[license];
  if (files.length === 0 && standard === undefined)
    throw new Error(
      `${name} is in the bundle, but has no licence text: add the standard text of "${license}" to bin/third-party-notices.ts.`,
    );
  const texts = files.sort().map((file) => readFileSync(join(directory, file), 'utf8'));
  const holder = (typeof author === 'object' ? author.name : author) ?? `the authors of ${name}`;
  const text = texts.length > 0 ? texts.join('\n') : (standard?.(holder) ?? '');
  return { title: `${name} ${version} (${license})`, text: text.trim() };
}

/**
 * The notices of all packages with code in a bundle, each text once. Modules that tree shaking removed do not count.
 *
 * @param directory the working directory of esbuild: paths in a metafile are relative to it
 */
export function thirdPartyNotices({ outputs }: Pick<Metafile, 'outputs'>, directory: string): string {
  const packages = Object.values(outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? []);
  const titles = new Map<string, string[]>();
  for (const path of [...new Set(packages)].sort()) {
    const { title, text } = noticeOf(join(directory, path));
    titles.set(text, [...(titles.get(text) ?? []), title]);
  }
  const sections = [...titles].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`);
  return `The code in this folder contains code of these packages.\n${sections
    .map((section) => `\n${'-'.repeat(80)}\n${section}`)
    .join('')}`;
}

// The stack's bundling runs this as a program with two arguments: METAFILE NOTICES.
const [, program, metafile, notices] = process.argv;
if (program === fileURLToPath(import.meta.url) && metafile !== undefined && notices !== undefined)
  writeFileSync(notices, thirdPartyNotices(JSON.parse(readFileSync(metafile, 'utf8')), checkout));
