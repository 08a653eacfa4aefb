import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import { launch, type Started } from '../support/launch.ts';
import type { FaultLine } from './fault-line.ts';

interface ServerSettings {
  readonly bucket: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
}

/** A server that is started again whenever it ends, as systemd does. */
export class SoakServer {
  readonly line: FaultLine;
  readonly origin: string;
  readonly #settings: ServerSettings;
  #started: Started | undefined;
  #isWanted = true;
  readonly #ended: Promise<void>;
  isUp = false;
  kills = 0;
  /** Starts that failed, because the bucket failed. */
  failedStarts = 0;
  /** Lines of the log about defects. */
  readonly defects: string[] = [];

  private constructor(line: FaultLine, origin: string, settings: ServerSettings) {
    this.line = line;
    this.origin = origin;
    this.#settings = settings;
    this.#ended = this.#keepUp();
  }

  /** Waits until it serves. Throws where it does not, while the bucket is in order. */
  static async start(line: FaultLine, settings: ServerSettings): Promise<SoakServer> {
    const server = new SoakServer(line, `http://127.0.0.1:${await freePort()}`, settings);
    while (!server.isUp) {
      if (server.failedStarts > 0) throw new Error(`the server does not start: ${server.#started?.printed()}`);
      await sleep(50);
    }
    return server;
  }

  async #keepUp(): Promise<void> {
    const { bucket, environment, flags } = this.#settings;
    const { host } = new URL(this.origin);
    while (this.#isWanted) {
      const args = ['bin/server.ts', '--listen', host, '--base-url', this.origin, '--bucket', bucket, ...flags];
      const started = launch(process.execPath, args, { ...environment, AWS_ENDPOINT_URL: this.line.endpoint });
      this.#started = started;
      await started.until('"listening"').then(
        () => {
          this.isUp = true;
        },
        () => {
          this.failedStarts += 1;
        },
      );
      await started.ended;
      this.isUp = false;
      const lines = started.printed().split('\n');
      this.defects.push(...lines.filter((line) => /"message":"defect"|This is a bug|^\s+at /.test(line)));
      if (this.#isWanted) await sleep(200);
    }
  }

  /** Why it answered 503 last. */
  get lastFailure(): string {
    const lines = this.#started?.printed().split('\n') ?? [];
    return lines.findLast((line) => line.includes('"message":"unavailable"')) ?? '';
  }

  /** As when the machine goes away, or the kernel needs its memory. */
  kill(what: 'server' | 'worker'): void {
    const pid = this.#started?.child.pid;
    if (!this.isUp || pid === undefined) return;
    if (what === 'server') this.#started?.child.kill('SIGKILL');
    else {
      const workers = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
      const [worker] = workers.trim().split(/\s+/).map(Number);
      if (worker === undefined || worker === 0) return;
      process.kill(worker, 'SIGKILL');
    }
    this.kills += 1;
  }

  async end(): Promise<void> {
    this.#isWanted = false;
    this.#started?.child.kill('SIGTERM');
    await this.#ended;
  }
}
