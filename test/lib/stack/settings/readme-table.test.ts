import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { SettingGroup } from '../../../../lib/stack/settings/setting.ts';
import { stackSettings } from '../../../../lib/stack/settings/stack-settings.ts';

const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8');
const [, table = ''] = readme.split('| setting | default | |\n|---|---|---|\n');
const rows = table.slice(0, table.indexOf('\n\n')).split('\n');

function row([name, { fallback, standard, about }]: [string, SettingGroup[string]]): string {
  const shown = standard ?? (typeof fallback === 'string' ? `\`${fallback}\`` : String(fallback ?? 'none'));
  return `| \`${name}\` | ${shown} | ${about} |`;
}

describe("the README's table of settings", () => {
  it('has each setting once, with its default and its line', () => {
    expect(rows).toEqual(Object.entries<SettingGroup[string]>(stackSettings).map(row));
  });
});
