import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { settingRows } from '../lambda/http/setting-kinds.ts';
import { localRows } from '../lib/local/local-variables.ts';
import { stackSettings } from '../lib/stack/settings/stack-settings.ts';

const page = readFileSync(new URL('../docs/settings.md', import.meta.url), 'utf8');

/** The rows of the table whose heading begins so. */
function rowsOf(heading: string): readonly string[] {
  const [, table = ''] = page.split(`\n| ${heading} | default | meaning | accepted |\n|---|---|---|---|\n`);
  return table.slice(0, table.indexOf('\n\n')).split('\n');
}

describe('docs/settings.md', () => {
  it('has each setting of the stack once, with its default, its purpose and its accepted form', () => {
    expect(rowsOf('setting')).toEqual(settingRows(stackSettings));
  });

  it('has each variable of npm start once, those of tokens included', () => {
    expect(rowsOf('variable')).toEqual(localRows());
  });

  it('says of each setting what it is for, and what it accepts', () => {
    expect(page).not.toContain('undefined');
    const rows = [...rowsOf('setting'), ...rowsOf('variable')];
    expect(rows.filter((row) => /\|\s*\|/.test(row))).toEqual([]);
  });
});
