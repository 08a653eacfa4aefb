import { InvalidInput, Problem } from '../domain/problem.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is no directory',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'it is too long for a name; give the name of a file, not what stands in it',
  ELOOP: 'its links lead in a circle',
  ENOSPC: 'the disk is full',
};

/** What kept a file from being read, written or locked, as a Problem. */
export function fileProblem(deed: 'read' | 'written' | `locked by ${string}`, path: string, error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code = 'unknown' } = error as { code?: string };
  return new InvalidInput('file', `${path} cannot be ${deed}: ${reasons[code] ?? code}.`);
}
