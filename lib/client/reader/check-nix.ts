import { runNix } from '../nix-setting.ts';
import { type ReaderFinding, readerFinding } from './reader-finding.ts';

/** The oldest Nix that locks what a channel's Link names. */
const oldest = { major: 2, minor: 17 };

/**
 * The version of the Nix on PATH; undefined without one. It prints "nix (Nix) 2.34.8"; its relatives print theirs in the same
 * place, as in "nix (Determinate Nix 3.8.5) 2.30.1".
 */
export async function findNixVersion(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const printed = await runNix(['--version'], environment);
  return /\s(\d+\.\d+\S*)$/.exec(printed?.split('\n')[0] ?? '')?.[1];
}

export function checkNix(version: string | undefined): ReaderFinding[] {
  if (version === undefined) return [];
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return [];
  const needed = `${oldest.major}.${oldest.minor}`;
  return [
    readerFinding(
      'nix-old',
      'nix',
      `Nix ${version} on this machine is too old to lock a release: it locks the address of the channel, and the lock breaks with the next release.`,
      `Use Nix ${needed} or newer for flakes.`,
    ),
  ];
}
