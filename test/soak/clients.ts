import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalLine, Task, TaskResult } from './client.ts';
import type { Run } from './ledger.ts';
import type { Plan } from './plan.ts';

export interface Finished {
  readonly run: Run;
  readonly result: TaskResult | 'killed';
  /** Of the publish API; 0 where there was no answer. */
  readonly statuses: readonly number[];
  readonly waits: number;
}

const refusals: readonly number[] = [3, 4, 5, 6];

/** How a run ended, as far as whoever started it can know. */
export function outcomeOf(result: TaskResult | 'killed', lines: readonly JournalLine[]): Run['outcome'] {
  if (result === 'killed') return 'unknown';
  const open = lines.flatMap((line) =>
    'status' in line && (line.status === 0 || line.status >= 500) && line.operation !== undefined
      ? [line.operation]
      : [],
  );
  if (result.code === 0) {
    if (/"fresh":true/.test(result.out)) return 'done';
    // After an upload that is gone, a publication goes on under another operation.
    const last = lines.findLast((line) => 'operation' in line && line.operation !== undefined);
    return open.some((id) => last !== undefined && 'operation' in last && id !== last.operation)
      ? 'unknown'
      : 'nothing';
  }
  return refusals.includes(result.code) && open.length === 0 ? 'refused' : 'unknown';
}

function journalOf(path: string): readonly JournalLine[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  rmSync(path);
  return lines.map((line) => JSON.parse(line) as JournalLine);
}

/** A process that runs the command, and is replaced when it is killed. */
export class Client {
  #child: ChildProcess | undefined;
  kills = 0;

  /** @param killAfterMs undefined: it is left alone */
  async run(plan: Plan, task: Task, killAfterMs: number | undefined): Promise<Finished> {
    if (this.#child?.connected !== true) this.#child = undefined;
    this.#child ??= fork(new URL('./client.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const child = this.#child;
    const begunAt = Date.now();
    const ended = new AbortController();
    const { signal } = ended;
    const answer = Promise.race([
      once(child, 'message', { signal }).then(([message]) => message as TaskResult),
      once(child, 'exit', { signal }).then(() => 'killed' as const),
    ]);
    child.send(task);
    if (killAfterMs !== undefined)
      sleep(killAfterMs, undefined, { signal }).then(
        () => {
          this.kills += 1;
          child.kill('SIGKILL');
        },
        () => {},
      );
    const result = await answer;
    ended.abort();
    // It may have answered just before the signal arrived.
    if (result === 'killed' || child.killed) this.#child = undefined;
    const lines = journalOf(task.journal);
    const operations = new Map<string, number>();
    for (const line of lines)
      if ('operation' in line && line.operation !== undefined && !operations.has(line.operation))
        operations.set(line.operation, line.at);
    const run: Run = {
      kind: plan.kind,
      channel: plan.channel,
      ...(plan.release === undefined ? {} : { release: plan.release }),
      ...(plan.jti === undefined ? {} : { jti: plan.jti }),
      operations: [...operations].map(([id, sentAt]) => ({ id, sentAt })),
      begunAt,
      endedAt: Date.now(),
      outcome: outcomeOf(result, lines),
    };
    return {
      run,
      result,
      statuses: lines.flatMap((line) => ('status' in line && line.to === 'api' ? [line.status] : [])),
      waits: lines.filter((line) => 'waitMs' in line).length,
    };
  }

  end(): void {
    this.#child?.kill('SIGKILL');
  }
}
