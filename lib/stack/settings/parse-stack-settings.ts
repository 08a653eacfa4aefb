import { readFileSync } from 'node:fs';
import { BadSetting } from '../../domain/bad-setting.ts';
import { checkEnvironment } from './check-environment.ts';
import { combinations } from './combinations.ts';
import { jwtSettings, readJwt } from './jwt-settings.ts';
import type { SettingGroup } from './setting.ts';
import { type StackSettings, stackSettings } from './stack-settings.ts';

/** Those that have no `:` as all others do. */
const keysOfCdk = ['cli-telemetry', 'acknowledged-issue-numbers'];

/**
 * @param context everything in the app's context. What is not a key of the CDK's own is one of ours, and a misspelt one is
 *   refused rather than ignored: it must not leave open what was to be private.
 * @param readFile of the files that settings name
 * @throws BadSetting
 */
export function parseStackSettings(
  context: Readonly<Record<string, unknown>>,
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): StackSettings {
  const known = Object.keys(stackSettings);
  const unknown = Object.keys(context).find(
    (key) => !key.includes(':') && !keysOfCdk.includes(key) && !known.includes(key),
  );
  if (unknown !== undefined) throw new BadSetting(`There is no setting ${unknown}.`, `There are: ${known.join(', ')}`);
  const single = Object.entries<SettingGroup[string]>(stackSettings).filter(([name]) => !(name in jwtSettings));
  const entries = single.map(([name, setting]) => {
    const value = context[name];
    if (value === undefined) return [name, setting.fallback] as const;
    const parsed: unknown = setting.parse(value);
    if (parsed !== undefined) return [name, parsed] as const;
    throw new BadSetting(`The setting ${name}`, `must be ${setting.accepted}. It is ${JSON.stringify(value)}`);
  });
  const settings = { ...Object.fromEntries(entries), jwt: readJwt(context, readFile) } as unknown as StackSettings;
  const broken = combinations.find((combination) => combination.broken(settings));
  if (broken !== undefined) throw new BadSetting(`The setting ${broken.name}`, broken.rule);
  checkEnvironment(settings);
  return settings;
}
