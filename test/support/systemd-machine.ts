import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const boot = fileURLToPath(new URL('../fixtures/systemd/boot.sh', import.meta.url));

/** A systemd as the first process of namespaces of its own, which sees nothing of this machine but `/usr`. */
export interface SystemdMachine {
  /** Where its files are seen from outside. */
  readonly root: string;
  /** Runs a command in all of its namespaces, and gives what it prints, also where it fails. */
  readonly inside: (...command: readonly string[]) => Promise<string>;
  /** A program of this machine in its network. */
  readonly inItsNetwork: (program: string, ...args: readonly string[]) => readonly [string, string[]];
  readonly systemctl: (...args: readonly string[]) => Promise<string>;
  readonly end: () => Promise<void>;
}

interface MachineFile {
  readonly text: string;
  readonly mode?: number;
}

const machineId = `${randomBytes(16).toString('hex')}\n`;
const basics: Readonly<Record<string, MachineFile>> = {
  'etc/passwd': { text: 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n' },
  'etc/group': { text: 'root:x:0:\nnogroup:x:65534:\n' },
  'etc/machine-id': { text: machineId },
};

function isOwnRoot(root: string): boolean {
  try {
    return readFileSync(join(root, 'etc/machine-id'), 'utf8') === machineId;
  } catch {
    return false;
  }
}

/** What a command printed, whether it failed or not. */
async function printed(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run(program, [...args], { timeout: 60_000 });
    return `${stdout}${stderr}`.trim();
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return `${stdout}${stderr}`.trim();
  }
}

/** The hierarchy of cgroups that systemd manages, without those of version 1. */
function cgroupRoot(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const [, path] = mounts.find((line) => line.split(' ')[2] === 'cgroup2')?.split(' ') ?? [];
  if (path === undefined) throw new Error('no cgroup2 is mounted, which systemd needs');
  return path;
}

/** The kernel takes a moment to let go of processes that have ended. */
async function removeCgroup(path: string): Promise<void> {
  for (let wait = 0; wait < 50; wait += 1) {
    try {
      rmdirSync(path);
      return;
    } catch {
      await sleep(100);
    }
  }
  rmdirSync(path);
}

/** @param systemd the program, which is below /usr
 *  @param files by their paths in the machine, without the slash at the beginning */
export async function startSystemd(
  systemd: string,
  files: Readonly<Record<string, MachineFile>>,
): Promise<SystemdMachine> {
  const directory = mkdtempSync(join(tmpdir(), 'systemd-machine-'));
  const [tree, mountPoint] = [join(directory, 'files'), join(directory, 'root')];
  mkdirSync(mountPoint);
  for (const [path, { text, mode = 0o644 }] of Object.entries({ ...basics, ...files })) {
    const at = join(tree, path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, text);
    chmodSync(at, mode);
  }
  // systemd takes what its namespace has for the root of all cgroups.
  const cgroup = join(cgroupRoot(), `nix-channel-test-${process.pid}`);
  mkdirSync(cgroup, { recursive: true });
  const isolated = ['unshare', '--mount', '--pid', '--uts', '--ipc', '--cgroup', '--net', '--fork', '--kill-child'];
  const child = spawn(
    'bash',
    [
      ...['-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', cgroup],
      ...[...isolated, 'bash', boot, systemd, mountPoint, tree, process.execPath],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const closed = once(child, 'close');
  let first = '';
  const end = async (): Promise<void> => {
    // With the first process all others end, and unshare too.
    if (first !== '') process.kill(Number(first), 'SIGKILL');
    else child.kill('SIGKILL');
    await closed;
    const directories = (await printed('find', [cgroup, '-depth', '-type', 'd'])).split('\n');
    for (const each of directories) await removeCgroup(each);
    rmSync(directory, { recursive: true });
  };
  try {
    for (;;) {
      if (child.exitCode !== null) throw new Error(`systemd did not start:\n${said}`);
      const pid = await printed('ps', ['-o', 'pid=', '--ppid', String(child.pid)]);
      first = pid;
      const enter = (...namespaces: readonly string[]) => ['--target', pid, ...namespaces, '--'];
      const inside = (...command: readonly string[]) => printed('nsenter', [...enter('--all'), ...command]);
      const root = `/proc/${pid}/root`;
      // Before, its namespaces still have the files of this machine, which may have a systemd itself.
      if (isOwnRoot(root) && /^(running|degraded)$/.test(await inside('systemctl', 'is-system-running')))
        return {
          root,
          inside,
          inItsNetwork: (program, ...args) => ['nsenter', [...enter('--net'), program, ...args]],
          systemctl: (...args) => inside('systemctl', ...args),
          end,
        };
      await sleep(100);
    }
  } catch (error) {
    await end();
    throw error;
  }
}
