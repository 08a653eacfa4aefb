import { apiSend } from './api-send.ts';
import { type PublishRig, publishRig } from './publish-rig.ts';
import { type CommandRun, type RunOptions, runCommand } from './run-command.ts';

/** The command over the publish function, without sockets. */
export function commandRig(options: RunOptions = {}, rig: PublishRig = publishRig()) {
  const api = apiSend(rig);
  const run = (...args: string[]): Promise<CommandRun> =>
    runCommand(
      {
        environment: { CHANNELCTL_URL: 'https://api.test' },
        credentials: () => async () => ({ accessKeyId: 'key', secretAccessKey: 'secret' }),
        send: api.send,
        sleep: rig.clock.sleep,
        now: rig.clock.now,
        operation: () => 'operation-of-this-run',
        ...options,
      },
      '--region',
      'eu-central-1',
      ...args,
    );
  return { run, rig, requests: api.requests };
}
