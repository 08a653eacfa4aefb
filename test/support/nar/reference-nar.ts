import { createHash } from 'node:crypto';

/** A tree as a test writes it down; names, contents and targets are bytes as latin1 strings. */
export interface Tree {
  readonly [name: string]: TreeValue;
}

/** A string is a file. */
export type TreeValue = string | readonly ['executable' | 'symlink', string] | Tree;

/** The NAR hash by the definition, all in memory; knows nothing of the code that is tested. */
export function referenceNarHash(tree: Tree): string {
  const nar = Buffer.concat([...strings('nix-archive-1'), node(tree)]);
  return `sha256-${createHash('sha256').update(nar).digest('base64')}`;
}

function node(value: TreeValue): Buffer {
  return Buffer.concat([...strings('(', 'type'), ...inner(value), ...strings(')')]);
}

function inner(value: TreeValue): readonly Buffer[] {
  if (typeof value === 'string') return strings('regular', 'contents', value);
  if (isPair(value)) {
    const [kind, text] = value;
    return kind === 'symlink'
      ? strings('symlink', 'target', text)
      : strings('regular', 'executable', '', 'contents', text);
  }
  const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));
  const entries = Object.keys(value)
    .sort(byBytes)
    .flatMap((name) => [...strings('entry', '(', 'name', name, 'node'), node(value[name] ?? ''), ...strings(')')]);
  return [...strings('directory'), ...entries];
}

function isPair(value: TreeValue): value is readonly ['executable' | 'symlink', string] {
  return Array.isArray(value);
}

function strings(...texts: readonly string[]): readonly Buffer[] {
  return texts.map((text) => {
    const bytes = Buffer.from(text, 'latin1');
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    return Buffer.concat([length, bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
  });
}
