import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The directory of the user's own nix.conf. */
export const userConfig = ({ XDG_CONFIG_HOME, HOME }: Environment): string =>
  join(XDG_CONFIG_HOME || join(HOME || homedir(), '.config'), 'nix');

/** Beside the setting that names it. */
export const userNetrc = (environment: Environment): string => join(userConfig(environment), 'netrc');

/** Where Nix looks when no setting says otherwise (Nix manual, `netrc-file`). */
export const systemNetrc = ({ NIX_CONF_DIR }: Environment): string => join(NIX_CONF_DIR || '/etc/nix', 'netrc');

type Variables = Readonly<Record<string, string | undefined>>;

/** Milliseconds that Nix may take to answer. */
const patience = 10_000;

/** What Nix prints; undefined where there is none or it fails. */
export async function runNix(args: readonly string[], environment: Variables): Promise<string | undefined> {
  if (!environment.PATH) return undefined;
  // Loaded only here: every command would start slower. `import()` of it has no names in the bundle.
  const { execFile } = process.getBuiltinModule('node:child_process');
  return new Promise((resolve) => {
    execFile('nix', [...args], { env: { ...environment }, timeout: patience }, (error, stdout) =>
      resolve(error === null ? stdout.trim() || undefined : undefined),
    );
  });
}

const askNix = (name: string, environment: Variables): Promise<string | undefined> =>
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
async function readSettings(name: string, environment: Variables): Promise<string | undefined> {
  const { NIX_CONFIG, NIX_CONF_DIR } = environment;
  const user = join(userConfig(environment), 'nix.conf');
  const system = join(NIX_CONF_DIR || '/etc/nix', 'nix.conf');
  return (
    settingIn(name, NIX_CONFIG) ?? settingIn(name, await readConf(user)) ?? settingIn(name, await readConf(system))
  );
}

/** A setting of Nix that names a file, for Nix run by this user; undefined where it is not set. */
export const nixSetting = async (name: string, environment: Variables): Promise<string | undefined> =>
  (await askNix(name, environment)) ?? readSettings(name, environment);

interface NetrcPlace {
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

/** A netrc file as Nix finds it. `text` has one character a byte. */
export type NetrcFile =
  | { readonly state: 'readable'; readonly text: string; readonly mode: number }
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly code: string };

export async function netrcFile(path: string): Promise<NetrcFile> {
  try {
    return { state: 'readable', text: await readFile(path, 'latin1'), mode: (await stat(path)).mode & 0o777 };
  } catch (error) {
    const { code = 'unknown' } = error as { code?: string };
    return code === 'ENOENT' ? { state: 'absent' } : { state: 'unreadable', code };
  }
}

/** The host as netrc files name it: without a port, and an IPv6 address without its brackets. */
export const netrcHost = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');
