import { execFile } from 'node:child_process';
import { BadSetting } from '../domain/problem.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface PassedSockets {
  /** File descriptors of the sockets to serve on. */
  readonly serve: readonly number[];
  /** Of sockets whose unit has `FileDescriptorName=metrics`. */
  readonly metrics: readonly number[];
}

const firstDescriptor = 3;

/** The listening sockets that systemd passes to this process (sd_listen_fds(3)); none where they are for another one. */
export function passedSockets(environment: Environment, pid: number): PassedSockets {
  const { LISTEN_PID, LISTEN_FDS = '', LISTEN_FDNAMES = '' } = environment;
  if (LISTEN_PID !== String(pid)) return { serve: [], metrics: [] };
  if (!/^\d{1,3}$/.test(LISTEN_FDS))
    throw new BadSetting('LISTEN_FDS', 'must be a number of sockets, as systemd sets it');
  const names = LISTEN_FDNAMES.split(':');
  const all = Array.from({ length: Number(LISTEN_FDS) }, (_, index) => ({
    descriptor: firstDescriptor + index,
    isMetrics: names[index] === 'metrics',
  }));
  const those = (isMetrics: boolean) => all.filter((one) => one.isMetrics === isMetrics).map((one) => one.descriptor);
  return { serve: those(false), metrics: those(true) };
}

/** How often systemd wants to hear from the service, in milliseconds: half of `WatchdogSec=`, as sd_watchdog_enabled(3) advises. */
export function watchdogIntervalMs({ WATCHDOG_USEC, WATCHDOG_PID }: Environment, pid: number): number | undefined {
  const microseconds = Number(WATCHDOG_USEC);
  if (!(microseconds > 0) || (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(pid))) return undefined;
  return microseconds / 2_000;
}

export type Notify = (...states: readonly string[]) => Promise<void>;

/**
 * Tells systemd of a change of state. Node has no datagram sockets of the Unix domain, so the program systemd-notify sends the
 * message; the unit needs `NotifyAccess=all` for that.
 *
 * @param onFailure told once a message could not be sent
 */
export function createNotify(environment: Environment, onFailure: (error: Error) => void): Notify {
  if (environment.NOTIFY_SOCKET === undefined) return async () => {};
  return (...states) =>
    new Promise((resolve) => {
      execFile('systemd-notify', states, { timeout: 5_000, env: { ...environment } }, (error) => {
        if (error !== null) onFailure(error);
        resolve();
      });
    });
}
