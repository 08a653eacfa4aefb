import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { inspectFile } from '../lib/nar/inspect.ts';
import { packDirectory, walkDirectory } from '../lib/nar/pack/pack-directory.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const hashFile = join(checkout, 'nix', 'bundles.json');

/** What Nix must find in the output of `nix/packages.nix`'s derivation of the bundles; other bytes are refused. */
export const writtenHash = (): string => JSON.parse(readFileSync(hashFile, 'utf8')).hash;

/** The NAR hash of what the bundler makes of this checkout, as Nix writes it. */
export async function bundleHash(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'flake-hash-'));
  try {
    const bundles = join(directory, 'bundles');
    // As in Nix's sandbox, there are no variables that could change a byte.
    execFileSync(process.execPath, ['bin/bundle-channelctl.ts', '--single-files', bundles], { cwd: checkout, env: {} });
    const archive = join(directory, 'bundles.tar');
    const tar = packDirectory(await walkDirectory(bundles), { extension: '.tar', lastModified: 1 });
    await pipeline(Readable.from(tar), createWriteStream(archive));
    const { narHash } = await inspectFile(archive, { partSize: 2 ** 23, spoolDirectory: directory });
    if (narHash === undefined) throw new Error('the bundles have no NAR hash');
    return narHash;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

if (import.meta.main) writeFileSync(hashFile, `${JSON.stringify({ hash: await bundleHash() }, null, 2)}\n`);
