import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemNetrc, userNetrc } from './default-netrc.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface NetrcPlace {
  readonly path: string;
  /** Where other tools and their users put such files, and Nix does not look. */
  readonly others: readonly string[];
}

/** Milliseconds that Nix may take to say what it is set to. */
const patience = 10_000;

/** What Nix itself says; undefined without a Nix that can. */
function askNix(environment: Environment): Promise<string | undefined> {
  if (!environment.PATH) return Promise.resolve(undefined);
  const args = ['--extra-experimental-features', 'nix-command', 'config', 'show', 'netrc-file'];
  return new Promise((resolve) => {
    execFile('nix', args, { env: { ...environment }, timeout: patience }, (error, stdout) =>
      resolve(error === null ? stdout.trim() || undefined : undefined),
    );
  });
}

const settingIn = (text: string | undefined): string | undefined =>
  [...(text ?? '').matchAll(/^[ \t]*netrc-file[ \t]*=[ \t]*(\S+)[ \t]*$/gm)].at(-1)?.[1];

const readConf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);

/** As Nix's own settings have it, where there is no Nix to ask: the environment, the user's file, the system's file. */
async function readSettings(environment: Environment): Promise<string | undefined> {
  const { NIX_CONFIG, NIX_CONF_DIR } = environment;
  const user = join(userNetrc(environment), '..', 'nix.conf');
  const system = join(NIX_CONF_DIR || '/etc/nix', 'nix.conf');
  return settingIn(NIX_CONFIG) ?? settingIn(await readConf(user)) ?? settingIn(await readConf(system));
}

/** The netrc file that Nix sends credentials from, run by this user. */
export async function findNetrc(given: string | undefined, environment: Environment): Promise<NetrcPlace> {
  const path = given ?? (await askNix(environment)) ?? (await readSettings(environment)) ?? systemNetrc(environment);
  const { HOME } = environment;
  const known = [...(HOME ? [join(HOME, '.netrc')] : []), userNetrc(environment), systemNetrc(environment)];
  return { path, others: known.filter((each) => each !== path) };
}
