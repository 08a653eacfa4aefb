import { printableName } from './archive-refused.ts';
import type { Directory } from './tree.ts';

type WarningCode =
  | 'several-top-level-entries'
  | 'names-differ-in-case'
  | 'self-attributes'
  | 'unreadable-file'
  | 'no-flake-or-default';

/** Something that Nix accepts but that causes trouble for its users. The message is one sentence, safe to print on a terminal. */
export interface ArchiveWarning {
  readonly code: WarningCode;
  readonly message: string;
}

interface WarningSubject {
  readonly root: Directory;
  readonly topLevelEntries: number;
  /** The text of flake.nix, if it could be read. */
  readonly flakeText?: string | undefined;
}

export function archiveWarnings({ root, topLevelEntries, flakeText = '' }: WarningSubject): readonly ArchiveWarning[] {
  const { sameButCase, unreadable } = walk(root);
  const attribute = selfAttribute(flakeText);
  const warnings: (ArchiveWarning | false)[] = [
    topLevelEntries > 1 && {
      code: 'several-top-level-entries',
      message: `The archive has ${topLevelEntries} entries at its top: nix-channel and Nix before 2.21 want a single directory.`,
    },
    sameButCase[0] !== undefined && {
      code: 'names-differ-in-case',
      message: `${sameButCase[0]} differ only in case${more(sameButCase)}: a file system that ignores case, as on macOS, does not keep both.`,
    },
    attribute !== undefined && {
      code: 'self-attributes',
      message: `flake.nix sets inputs.self.${attribute}: Nix 2.26 refuses that, and Nix 2.34 writes a lock that it cannot read.`,
    },
    unreadable[0] !== undefined && {
      code: 'unreadable-file',
      message: `${unreadable[0]} cannot be read by its owner${more(unreadable)}: nix-prefetch-url --unpack fails for users other than root.`,
    },
    !has(root, 'flake.nix') &&
      !has(root, 'default.nix') && {
        code: 'no-flake-or-default',
        message:
          'There is no flake.nix and no default.nix at the root of the tree: a flake needs "flake = false" to use it, and "import <channel>" fails.',
      },
  ];
  return warnings.filter((one) => one !== false);
}

const has = (root: Directory, name: string): boolean => {
  const kind = root.children.get(name)?.kind;
  return kind === 'file' || kind === 'symlink';
};

const more = ({ length }: readonly string[]): string => (length === 1 ? '' : ` (and ${length - 1} more)`);

function walk(root: Directory) {
  const sameButCase: string[] = [];
  const unreadable: string[] = [];
  const visit = (directory: Directory, path: string): void => {
    const seen = new Map<string, string>();
    const shown = (name: string): string => `'${printableName(path + name)}'`;
    for (const [name, child] of directory.children) {
      const folded = withoutCase(name);
      const other = seen.get(folded);
      if (other === undefined) seen.set(folded, name);
      else sameButCase.push(`${shown(other)} and ${shown(name)}`);
      if (child.kind === 'file' && child.unreadable === true) unreadable.push(shown(name));
      if (child.kind === 'directory') visit(child, `${path}${name}/`);
    }
  };
  visit(root, '');
  return { sameButCase, unreadable };
}

/** In names that are not UTF-8 only ASCII letters have a case. */
function withoutCase(name: string): string {
  if (/^[\0-\x7f]*$/.test(name)) return name.toLowerCase();
  const text = Buffer.from(name, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : text.toLowerCase();
}

const comments = /\/\*[\s\S]*?(?:\*\/|$)|(?<!["\w:/.-])#[^\n]*/g;
const attributeOfSelf = /(?<![\w'-])"?self"?\s*(?:\.\s*|=\s*\{[^{}]*?)"?(submodules|lfs)"?\s*=(?!=)/;

/** Which setting of `inputs.self` a flake has, whatever its value. */
const selfAttribute = (flakeText: string): string | undefined =>
  attributeOfSelf.exec(flakeText.replace(comments, ''))?.[1];
