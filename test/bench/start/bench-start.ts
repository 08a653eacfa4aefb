import { startTestSystem } from '../../support/test-system.ts';
import type { BenchPart } from '../bench-part.ts';
import { cpuOfProgram, installedCommand, onOneProcessor } from '../measured-process.ts';
import { detail, median } from '../statistics.ts';

/** One start takes a fraction of a second, and says little. */
const startsEachRound = 5;

/** CPU time of the installed command against that of `node -e 0`, in turns: what every command takes at least. */
export const benchStart: BenchPart = async ({ rounds }) => {
  const command = installedCommand();
  const system = await startTestSystem();
  try {
    await system.newChannel();
    const environment = { PATH: process.env.PATH, HOME: system.directory, CHANNELCTL_URL: system.origin };
    const keys = {
      AWS_ACCESS_KEY_ID: system.publisher.accessKeyId,
      AWS_SECRET_ACCESS_KEY: system.publisher.secretAccessKey,
      AWS_REGION: system.publisher.region,
    };
    const cpu = (...args: string[]): Promise<number> =>
      cpuOfProgram([...onOneProcessor, process.execPath, ...args], { ...environment, ...keys });
    const runs = {
      empty: () => cpu('-e', '0'),
      help: () => cpu(command, '--help'),
      version: () => cpu(command, '--version'),
      list: () => cpu(command, 'list'),
    };
    const measured: Record<keyof typeof runs, number[]> = { empty: [], help: [], version: [], list: [] };
    for (let start = 0; start < rounds * startsEachRound; start += 1)
      for (const name of Object.keys(runs) as (keyof typeof runs)[]) measured[name].push(await runs[name]());
    const ratio = (name: keyof typeof runs): number =>
      median(measured[name].map((value, start) => value / (measured.empty[start] as number)));
    return {
      values: {
        'channelctl --help, against node -e 0': ratio('help'),
        'channelctl --version, against node -e 0': ratio('version'),
        'channelctl list, against node -e 0': ratio('list'),
      },
      details: [
        detail('node -e 0', measured.empty, 'ms of CPU'),
        detail('channelctl --help', measured.help, 'ms of CPU'),
        detail('channelctl --version', measured.version, 'ms of CPU'),
        detail('channelctl list', measured.list, 'ms of CPU'),
      ],
    };
  } finally {
    await system.close();
  }
};
