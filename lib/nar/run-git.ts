import { execFile } from 'node:child_process';
import type { RunGit } from './git-source.ts';
import { LocalFailure } from './local-failure.ts';

/** The `git` on the PATH, in a directory; it writes nothing there. */
export function runGitIn(directory: string, env: NodeJS.ProcessEnv): RunGit {
  const options = {
    cwd: directory,
    encoding: 'buffer',
    maxBuffer: 1024 ** 3,
    env: { ...env, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' },
  } as const;
  return (args) =>
    new Promise((resolve, reject) => {
      execFile('git', args, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === 'number') return resolve({ code, stdout, stderr: stderr.toString('utf8') });
        reject(new LocalFailure('unsupported', `The program git cannot be run (${code}).`, { cause: error }));
      });
    });
}
