import { join } from 'node:path';
import { nixSetting } from '../nix-setting.ts';
import { systemNetrc, userNetrc } from './default-netrc.ts';

export interface NetrcPlace {
  readonly path: string;
  /** Where other tools and their users put such files, and Nix does not look. */
  readonly others: readonly string[];
}

/** The netrc file that Nix sends credentials from, run by this user. */
export async function findNetrc(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<NetrcPlace> {
  const path = given ?? (await nixSetting('netrc-file', environment)) ?? systemNetrc(environment);
  const { HOME } = environment;
  const known = [...(HOME ? [join(HOME, '.netrc')] : []), userNetrc(environment), systemNetrc(environment)];
  return { path, others: known.filter((each) => each !== path) };
}
