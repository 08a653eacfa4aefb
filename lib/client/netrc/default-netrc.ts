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
