import { appendFile, writeFile } from 'node:fs/promises';
import type { Published } from '../../api/answers.ts';
import { escapeControls } from '../../domain/names.ts';
import { Problem } from '../../domain/problem.ts';
import { isGithubActions } from '../text.ts';

/** Something for the CI system to read. */
interface CiFile {
  readonly path: string;
  readonly text: string;
  /** Otherwise the file is overwritten. */
  readonly append: boolean;
}

export type PublishedFacts = Published & { readonly narHash: string | null };

interface CiOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where `--dotenv` wants the variables. */
  readonly dotenv: string | undefined;
  /** A word that nobody can guess. */
  readonly delimiter: string;
}

const outputsOf = ({ release, permanentUrl, channelUrl, narHash, latest }: PublishedFacts) => ({
  release,
  'permanent-url': permanentUrl,
  'channel-url': channelUrl,
  'nar-hash': narHash ?? '',
  latest: String(latest),
});

/** With a delimiter, as a value could have more than one line (GitHub, "Workflow commands", "Multiline strings"). */
const githubOutput = (outputs: Readonly<Record<string, string>>, delimiter: string): string =>
  Object.entries(outputs)
    .map(([name, value]) => `${name}<<${delimiter}\n${value}\n${delimiter}\n`)
    .join('');

/** A code span in a cell of a table: with more backticks than the text has in a row, and no bar, not even one behind a backslash. */
function codeCell(text: string): string {
  if (text === '') return '';
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const padding = longest > 0 ? ' ' : '';
  return `${fence}${padding}${escapeControls(text).replaceAll('|', '\\u007c')}${padding}${fence}`;
}

/** A table with the lines to paste. */
function summaryOf(published: PublishedFacts): string {
  const { channel, release, fresh, latest, permanentUrl, narHash, snippets = [] } = published;
  const rows: readonly (readonly [string, string])[] = [
    ['release', release],
    ['URL of the release', permanentUrl],
    ...(narHash === null ? [] : ([['narHash', narHash]] as const)),
    ...snippets.map(({ use, text }) => [escapeControls(use), text] as const),
  ];
  const state = latest ? 'its latest release' : 'not its latest release';
  return [
    `### ${fresh ? 'Published' : 'Already published'} to ${codeCell(channel)}, ${state}`,
    '',
    '| | |',
    '|---|---|',
    ...rows.map(([name, value]) => `| ${name} | ${codeCell(value)} |`),
    '\n',
  ].join('\n');
}

/** One variable a line, without quotes (GitLab, "artifacts:reports:dotenv"). */
function dotenvText(outputs: Readonly<Record<string, string>>, path: string): string {
  const lines = Object.entries(outputs).map(([name, value]) => {
    const variable = name.toUpperCase().replaceAll('-', '_');
    if (/\p{Cc}/u.test(value))
      throw new Problem(
        400,
        'refused',
        `The release was published, but ${path} was not written: the API's ${variable} has a line break or another control character, which a dotenv file cannot hold.`,
      );
    return `${variable}=${value}\n`;
  });
  return lines.join('');
}

/** What is to be written where, after a release was published. */
export function ciFiles(published: PublishedFacts, { environment, dotenv, delimiter }: CiOptions): readonly CiFile[] {
  const outputs = outputsOf(published);
  const files: CiFile[] = [];
  const { GITHUB_OUTPUT, GITHUB_STEP_SUMMARY } = isGithubActions(environment) ? environment : {};
  if (GITHUB_OUTPUT) files.push({ path: GITHUB_OUTPUT, text: githubOutput(outputs, delimiter), append: true });
  if (GITHUB_STEP_SUMMARY) files.push({ path: GITHUB_STEP_SUMMARY, text: summaryOf(published), append: true });
  if (dotenv) files.push({ path: dotenv, text: dotenvText(outputs, dotenv), append: false });
  return files;
}

export async function writeCiFiles(files: readonly CiFile[]): Promise<void> {
  for (const { path, text, append } of files)
    try {
      await (append ? appendFile(path, text) : writeFile(path, text));
    } catch (error) {
      const sentence = `The release was published, but ${path} cannot be written (${(error as NodeJS.ErrnoException).code}): run the same command again, it will change nothing else.`;
      throw new Problem(400, 'refused', sentence, { cause: error });
    }
}
