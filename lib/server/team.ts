import cluster, { type Worker } from 'node:cluster';
import type * as net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../lambda/http/log.ts';
import type { WorkerMetrics } from './metrics.ts';
import type { ServerSettings } from './settings.ts';
import type { FromWorker, ToWorker } from './worker.ts';

/** After which a worker that does not answer is ended, and another one takes its place. */
const maxSilenceMs = 20_000;
const restartDelayMs = 1_000;
const metricsTimeoutMs = 3_000;

/**
 * What node is given for a worker. V8 lets the young generation of a busy worker grow to 16 MB twice over; with half of that a
 * worker takes 70 MB less under load, for 6 % fewer requests a second. An operator's own choice counts.
 */
export const workerArguments = (own: readonly string[], { NODE_OPTIONS = '' }: NodeJS.ProcessEnv): string[] =>
  [...own, NODE_OPTIONS].some((text) => text.includes('--max-semi-space-size'))
    ? [...own]
    : [...own, '--max-semi-space-size=8'];

interface TeamOptions {
  readonly settings: ServerSettings;
  readonly log: Log;
}

interface Member {
  readonly worker: Worker;
  isReady: boolean;
  heardAt: number;
  takeMetrics?: (metrics: WorkerMetrics) => void;
}

/** The workers: as many as the settings say, another one for each that ends, one of them with the schedule. */
export class Team {
  readonly #members = new Map<number, Member>();
  readonly #options: TeamOptions;
  readonly #waiting: net.Socket[] = [];
  #isOpen = false;
  #turn = 0;
  #measuring: number | undefined;
  #isStopping = false;

  constructor(options: TeamOptions) {
    this.#options = options;
    cluster.setupPrimary({ execArgv: workerArguments(process.execArgv, process.env) });
  }

  #send(member: Member, message: ToWorker, socket?: net.Socket): void {
    // A worker that is gone is replaced when its end is reported.
    if (member.worker.isConnected()) member.worker.send(message, socket, () => {});
  }

  /** Resolves when the worker serves. */
  start(): Promise<void> {
    const { settings, log } = this.#options;
    const worker = cluster.fork({ LISTEN_PID: '', LISTEN_FDS: '', NOTIFY_SOCKET: '', WATCHDOG_USEC: '' });
    const member: Member = { worker, isReady: false, heardAt: performance.now() };
    this.#members.set(worker.id, member);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        member.heardAt = performance.now();
        if (message.kind === 'started') this.#send(member, { kind: 'settings', settings });
        if (message.kind === 'metrics') member.takeMetrics?.(message.metrics);
        if (message.kind !== 'ready') return;
        member.isReady = true;
        this.#chooseMeasuring();
        this.#dispatchWaiting();
        resolve();
      });
      worker.on('exit', (code, signal) => {
        this.#members.delete(worker.id);
        if (this.#isStopping) return;
        reject(new Error(`A worker ended before it served (${signal ?? `exit code ${code}`}).`));
        if (!member.isReady) return;
        log('error', 'worker ended', { pid: worker.process.pid, code, signal });
        if (this.#measuring === worker.id) this.#measuring = undefined;
        this.#chooseMeasuring();
        this.#replace();
      });
    });
  }

  #replace(): void {
    setTimeout(() => {
      if (!this.#isStopping) this.start().catch(() => this.#replace());
    }, restartDelayMs);
  }

  #ready(): readonly Member[] {
    return [...this.#members.values()].filter(({ isReady, worker }) => isReady && worker.isConnected());
  }

  #chooseMeasuring(): void {
    const [first] = this.#ready();
    if (this.#measuring !== undefined || first === undefined) return;
    this.#measuring = first.worker.id;
    this.#send(first, { kind: 'measure' });
  }

  /** Connections go to the workers from now on. Earlier the first of them to be ready would get all. */
  open(): void {
    this.#isOpen = true;
    this.#dispatchWaiting();
  }

  #dispatchWaiting(): void {
    for (const socket of this.#waiting.splice(0)) this.dispatch(socket);
  }

  /** Gives a connection to the next worker. Messages keep their order, so a worker has it before it is told to stop. */
  dispatch(socket: net.Socket): void {
    const ready = this.#ready();
    const member = ready[this.#turn++ % ready.length];
    if (member === undefined || !this.#isOpen) this.#waiting.push(socket);
    else this.#send(member, { kind: 'connection' }, socket);
  }

  /** Whether all workers were heard of lately. One that was not is killed. */
  ping(): boolean {
    const silent = [...this.#members.values()].filter(({ heardAt }) => performance.now() - heardAt > maxSilenceMs);
    for (const { worker } of silent) {
      this.#options.log('error', 'worker does not answer', { pid: worker.process.pid });
      worker.process.kill('SIGKILL');
    }
    for (const member of this.#members.values()) this.#send(member, { kind: 'ping' });
    return silent.length === 0;
  }

  metrics(): Promise<readonly WorkerMetrics[]> {
    return Promise.all(
      this.#ready().map(
        (member) =>
          new Promise<WorkerMetrics>((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error('a worker does not answer')), metricsTimeoutMs);
            member.takeMetrics = (metrics) => {
              clearTimeout(timer);
              resolve(metrics);
            };
            this.#send(member, { kind: 'metrics' });
          }),
      ),
    );
  }

  drain(): void {
    for (const member of this.#members.values()) this.#send(member, { kind: 'drain' });
  }

  /** @returns how many had to be killed */
  async stop(deadlineMs: number): Promise<number> {
    this.#isStopping = true;
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    const members = [...this.#members.values()];
    for (const member of members) this.#send(member, { kind: 'stop' });
    const ended = Promise.all(
      members.map(
        ({ worker }) => new Promise((resolve) => (worker.isDead() ? resolve(0) : worker.once('exit', resolve))),
      ),
    );
    await Promise.race([ended, sleep(deadlineMs)]);
    const late = [...this.#members.values()];
    for (const { worker } of late) worker.process.kill('SIGKILL');
    await ended;
    return late.length;
  }
}
