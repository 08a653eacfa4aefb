import { paddingOf, writeTarHeader } from '../../../lib/nar/pack/write-tar.ts';
import { sourceText } from './source-text.ts';

const pieceSize = 256 * 1024;
const mtime = 1_767_225_600;

export interface TarShape {
  readonly directories: number;
  readonly filesEach: number;
}

/** `in order`: of names, as in the NAR. `git-revision last`: as nixpkgs' channels are. */
export type EntryOrder = 'in order' | 'git-revision last';

/** In the order of names, as git archive and nixpkgs' channels have them. */
const inOrder = (number: number, word: string): string => `${String(number).padStart(4, '0')}-${word}`;

const header = (path: string, type: '0' | '5', size: number, mode = 0o644): Buffer =>
  writeTarHeader({ path, type, mode: type === '5' ? 0o755 : mode, size, mtime, link: '' });

function* entries({ directories, filesEach }: TarShape, order: EntryOrder): Generator<Buffer, void, undefined> {
  const { below, word, text } = sourceText(20_260_101);
  const file = function* (path: string, content: Buffer, mode = 0o644): Generator<Buffer, void, undefined> {
    yield header(path, '0', content.length, mode);
    yield content;
    yield Buffer.alloc(paddingOf(content.length));
  };
  const revision = () => file('source/.git-revision', Buffer.from('0a'.repeat(20)));
  yield header('source/', '5', 0);
  if (order === 'in order') yield* revision();
  for (let directory = 0; directory < directories; directory += 1) {
    const folder = `source/${inOrder(directory, word())}`;
    yield header(`${folder}/`, '5', 0);
    for (let number = 0; number < filesEach; number += 1)
      yield* file(
        `${folder}/${inOrder(number, word())}.nix`,
        Buffer.from(text(), 'latin1'),
        below(20) === 0 ? 0o755 : 0o644,
      );
  }
  if (order === 'git-revision last') yield* revision();
  yield Buffer.alloc(1_024);
}

/** A tar of source-like text, the same bytes for the same shape, in pieces that compressors like. */
export async function* sourceTar(
  shape: TarShape,
  order: EntryOrder = 'git-revision last',
): AsyncGenerator<Buffer, void, undefined> {
  let held: Buffer[] = [];
  let size = 0;
  for (const part of entries(shape, order)) {
    held.push(part);
    size += part.length;
    if (size < pieceSize) continue;
    yield Buffer.concat(held);
    held = [];
    size = 0;
  }
  yield Buffer.concat(held);
}
