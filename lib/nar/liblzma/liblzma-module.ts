import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** The bundler puts the file here: `define: { LIBLZMA_WASM_BASE64: JSON.stringify(base64) }`. Run from the sources it is not defined. */
declare const LIBLZMA_WASM_BASE64: string;

/** Of node-liblzma this alone is used: liblzma 5.8 (0BSD) as WebAssembly. Its own JavaScript, LGPL-3.0, is not. */
export const liblzmaFile = 'node-liblzma/wasm/liblzma.wasm';

let compiled: Promise<WebAssembly.Module> | undefined;

export function liblzmaModule(): Promise<WebAssembly.Module> {
  compiled ??= bytes().then((wasm) => WebAssembly.compile(wasm));
  return compiled;
}

async function bytes(): Promise<Uint8Array<ArrayBuffer>> {
  const text = embedded();
  if (text !== undefined) return Buffer.from(text, 'base64');
  return readFile(createRequire(import.meta.url).resolve(liblzmaFile));
}

function embedded(): string | undefined {
  try {
    return LIBLZMA_WASM_BASE64;
  } catch {
    return undefined;
  }
}
