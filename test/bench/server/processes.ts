import { readdirSync, readFileSync } from 'node:fs';

const millisecondsOfTick = 10;

/** The fields of a process from its parent on (proc_pid_stat(5)); empty if it is gone. */
function statOf(pid: number): readonly number[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat
      .slice(stat.lastIndexOf(')') + 4)
      .split(' ')
      .map(Number);
  } catch {
    return [];
  }
}

export const childrenOf = (pid: number): readonly number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((one) => one > 0 && statOf(one)[0] === pid);

/** CPU time of a process and its children until now, in milliseconds. */
export function cpuOf(pid: number): number {
  const [user = 0, system = 0] = statOf(pid).slice(10, 12);
  return childrenOf(pid).reduce((sum, child) => sum + cpuOf(child), (user + system) * millisecondsOfTick);
}

/** Resident memory of a process in 10⁶ bytes: now (`VmRSS`), or the most until now (`VmHWM`). */
export function megabytesOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const [, kilobytes] = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kilobytes) * 1_024) / 1e6;
}
