import { randomUUID } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '../../lib/client/api/http.ts';
import { runProgram } from '../../lib/client/program.ts';

// The command in a process that can be killed, which runs it again and again. What it sends is in a journal before it is sent.

export interface Task {
  readonly args: readonly string[];
  readonly journal: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface TaskResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export type JournalLine =
  /** A request for a change. */
  | { readonly at: number; readonly operation: string }
  /** The status of any request; 0 where there was no answer. Parts of uploads go to the bucket. */
  | { readonly at: number; readonly status: number; readonly to: 'api' | 'bucket'; readonly operation?: string }
  | { readonly at: number; readonly waitMs: number };

/** How much shorter the command's pauses are. */
const hurry = 4;

function operationOf(method: string, path: string, body: unknown): string | undefined {
  if (method === 'GET' || !path.startsWith('/publish/') || path.endsWith('/uploads') || !Buffer.isBuffer(body))
    return undefined;
  return (JSON.parse(body.toString()) as { readonly operation?: string }).operation;
}

async function run({ args, journal, environment, keys }: Task): Promise<TaskResult> {
  const file = openSync(journal, 'a');
  const note = (line: object): void => {
    writeSync(file, `${JSON.stringify({ at: Date.now(), ...line })}\n`);
  };
  let out = '';
  let err = '';
  async function* nothing() {}
  const code = await runProgram(
    {
      environment,
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      terminal: false,
      stdin: nothing(),
      credentials: () => async () => keys,
      send: async (exchange) => {
        const operation = operationOf(exchange.method, exchange.url.pathname, exchange.body);
        const to = exchange.url.pathname.startsWith('/publish/') ? 'api' : 'bucket';
        if (operation !== undefined) note({ operation });
        const result = await send(exchange).catch((error: unknown) => {
          note({ status: 0, to, operation });
          throw error;
        });
        note({ status: result.status, to, operation });
        return result;
      },
      sleep: async (ms) => {
        note({ waitMs: ms });
        await sleep(ms / hurry);
      },
      now: Date.now,
      operation: randomUUID,
    },
    args,
  );
  return { code, out, err };
}

process.on('message', async (task: Task) => {
  process.send?.(await run(task));
});
process.on('disconnect', () => process.exit(0));
