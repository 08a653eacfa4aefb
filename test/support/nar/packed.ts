import { lzmaCode, runLiblzma } from '../../../lib/nar/xz/liblzma.ts';

/** The bytes as xz, on any machine. */
export async function packed(bytes: Buffer): Promise<Buffer> {
  const out: Uint8Array[] = [];
  let given = false;
  const source = {
    next: async () => {
      if (given) return undefined;
      given = true;
      return bytes;
    },
  };
  const write = async (piece: Uint8Array) => {
    out.push(piece.slice());
  };
  const code = await runLiblzma('encode', source, write, new AbortController().signal);
  if (code !== lzmaCode.streamEnd) throw new Error(`liblzma said ${code}`);
  return Buffer.concat(out);
}
