import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Beside the user's own nix.conf, where the setting that names it goes. */
export const userNetrc = ({ XDG_CONFIG_HOME, HOME }: Environment): string =>
  join(XDG_CONFIG_HOME || join(HOME || homedir(), '.config'), 'nix', 'netrc');

/** Where Nix looks when no setting says otherwise (Nix manual, `netrc-file`). */
export const systemNetrc = ({ NIX_CONF_DIR }: Environment): string => join(NIX_CONF_DIR || '/etc/nix', 'netrc');
