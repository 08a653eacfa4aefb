import { fileURLToPath } from 'node:url';
import { packDirectory, walkDirectory } from '../../nar/pack/pack-directory.ts';

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The release that `npm start` publishes to a new bucket. */
export const demoRelease = { channel: 'demo', path: beside('demo-2025-05-15.tar.xz') } as const;

/** The date in the name of the release. */
const lastModifiedSeconds = 1_747_267_200;

/** The folder `flake` as an archive. The bytes are the same on every machine. */
export async function* packDemo(): AsyncGenerator<Uint8Array> {
  yield* packDirectory(await walkDirectory(beside('flake')), {
    extension: '.tar.xz',
    lastModified: lastModifiedSeconds,
  });
}
