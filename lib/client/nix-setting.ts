import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { userConfig } from './netrc/default-netrc.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Milliseconds that Nix may take to answer. */
const patience = 10_000;

/** What Nix prints; undefined where there is none or it fails. */
export function runNix(args: readonly string[], environment: Environment): Promise<string | undefined> {
  if (!environment.PATH) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    execFile('nix', [...args], { env: { ...environment }, timeout: patience }, (error, stdout) =>
      resolve(error === null ? stdout.trim() || undefined : undefined),
    );
  });
}

const askNix = (name: string, environment: Environment): Promise<string | undefined> =>
  runNix(['--extra-experimental-features', 'nix-command', 'config', 'show', name], environment);

/** As Nix parses its files (src/libutil/configuration.cc): a comment ends a line, and blanks are one blank. */
function settingIn(name: string, text = ''): string | undefined {
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/));
  return lines
    .findLast(([key, equals, value]) => key === name && equals === '=' && value !== undefined)
    ?.slice(2)
    .join(' ');
}

const readConf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);

/** As Nix's own settings have it, where there is no Nix to ask: the environment, the user's file, the system's file. */
async function readSettings(name: string, environment: Environment): Promise<string | undefined> {
  const { NIX_CONFIG, NIX_CONF_DIR } = environment;
  const user = join(userConfig(environment), 'nix.conf');
  const system = join(NIX_CONF_DIR || '/etc/nix', 'nix.conf');
  return (
    settingIn(name, NIX_CONFIG) ?? settingIn(name, await readConf(user)) ?? settingIn(name, await readConf(system))
  );
}

/** A setting of Nix that names a file, for Nix run by this user; undefined where it is not set. */
export const nixSetting = async (name: string, environment: Environment): Promise<string | undefined> =>
  (await askNix(name, environment)) ?? readSettings(name, environment);
