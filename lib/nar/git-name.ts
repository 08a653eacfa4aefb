/** What HFS+ does not see in a name (libgit2, next_hfs_char). */
const invisible = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/**
 * Whether a name, bytes as a latin1 string, is `.git` to libgit2, through which Nix unpacks: in any case, as NTFS would write it
 * (git_fs_path, verify_dotgit_ntfs), and on a Mac as HFS+ would (verify_dotgit_hfs).
 */
export function isGitName(name: string): boolean {
  if (/^(\.git|git~1)([\\:]|[ .]*$)/i.test(name)) return true;
  return Buffer.from(name, 'latin1').toString('utf8').replace(invisible, '').toLowerCase() === '.git';
}
