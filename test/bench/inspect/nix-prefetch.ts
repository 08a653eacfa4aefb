import { pathToFileURL } from 'node:url';
import { nixClient, nixClients } from '../../support/nix-client.ts';

export interface NixPrefetch {
  readonly name: string;
  readonly seconds: number;
}

/** What the first of NIX_CLIENTS takes for the archive, with an empty store; it has to find the same hash. */
export async function nixPrefetch(
  archive: string,
  narHash: string,
  tell: (text: string) => void,
): Promise<NixPrefetch | undefined> {
  const [known] = nixClients;
  if (known === undefined) {
    tell('inspect: NIX_CLIENTS names no Nix to compare with\n');
    return undefined;
  }
  tell(`inspect: nix flake prefetch, once, by ${known.name}\n`);
  const client = await nixClient(known.directory);
  try {
    const begun = process.hrtime.bigint();
    const { code, out, err } = await client.nix('nix', 'flake', 'prefetch', '--json', pathToFileURL(archive).href);
    const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
    if (code !== 0) throw new Error(`nix flake prefetch failed: ${err}`);
    const { hash } = JSON.parse(out) as { readonly hash: string };
    if (hash !== narHash) throw new Error(`Nix says ${hash}, and we say ${narHash}`);
    return { name: known.name, seconds };
  } finally {
    await client.close();
  }
}
