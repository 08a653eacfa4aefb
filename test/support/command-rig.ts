import type { ProgramOptions } from '../../lib/client/commands/command-context.ts';
import { runProgram } from '../../lib/client/program.ts';
import { apiSend } from './api-send.ts';
import { type PublishRig, publishRig } from './publish-rig.ts';

export interface CommandRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The command over the publish function, without sockets. */
export function commandRig(options: Partial<ProgramOptions> = {}, rig: PublishRig = publishRig()) {
  const api = apiSend(rig);
  const run = async (...args: string[]): Promise<CommandRun> => {
    let out = '';
    let err = '';
    const code = await runProgram(
      {
        environment: { CHANNELCTL_URL: 'https://api.test' },
        out: (text) => {
          out += text;
        },
        err: (text) => {
          err += text;
        },
        terminal: false,
        credentials: () => async () => ({ accessKeyId: 'key', secretAccessKey: 'secret' }),
        send: api.send,
        sleep: rig.clock.sleep,
        now: rig.clock.now,
        operation: () => 'operation-of-this-run',
        ...options,
      },
      ['--region', 'eu-central-1', ...args],
    );
    return { code, out, err };
  };
  return { run, rig, requests: api.requests };
}
