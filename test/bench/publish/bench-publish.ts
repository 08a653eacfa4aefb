import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findPrograms } from '../../../lib/nar/decode/by-program.ts';
import { startTestSystem } from '../../support/test-system.ts';
import type { BenchPart } from '../bench-part.ts';
import { sourceArchive } from '../inspect/source-archive.ts';
import { sourceText } from '../inspect/source-text.ts';
import { cpuOfProgram, installedCommand } from '../measured-process.ts';
import { detail, median } from '../statistics.ts';

const packed = { directories: 100, filesEach: 30 };

/** A git checkout of some 20 MB. */
async function makeCheckout(path: string): Promise<void> {
  const { text } = sourceText(20_260_102);
  for (let directory = 0; directory < packed.directories; directory += 1)
    for (let number = 0; number < packed.filesEach; number += 1) {
      const file = join(path, `directory-${directory}`, `file-${number}.nix`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text());
    }
  const script =
    'cd "$1" && git init -q && git add . && git -c user.name=bench -c user.email=bench@localhost commit -qm one';
  await cpuOfProgram(['bash', '-c', script, 'bash', path], process.env);
}

/**
 * CPU time of publishing an archive against that of inspecting it and of uploading it without a look; and of packing a checkout
 * against `git archive | xz -6` with as many threads. In turns.
 */
export const benchPublish: BenchPart = async ({ rounds, tell }) => {
  const { xz } = await findPrograms(process.env.PATH ?? '');
  const archive = await sourceArchive(xz, tell);
  const command = installedCommand();
  const system = await startTestSystem();
  try {
    const channel = await system.newChannel();
    const checkout = join(system.directory, 'checkout');
    await makeCheckout(checkout);
    const environment = {
      PATH: process.env.PATH,
      HOME: system.directory,
      TMPDIR: system.directory,
      CHANNELCTL_URL: system.origin,
      AWS_ACCESS_KEY_ID: system.publisher.accessKeyId,
      AWS_SECRET_ACCESS_KEY: system.publisher.secretAccessKey,
      AWS_REGION: system.publisher.region,
    };
    const channelctl = (...args: string[]): Promise<number> =>
      cpuOfProgram([process.execPath, command, ...args], environment);
    const name = (): string => `${channel}-${randomUUID()}`;
    const archived = 'git -C "$1" archive --prefix=source/ HEAD | xz -6 -T2 > "$1.tar.xz"';
    const runs = {
      inspect: () => channelctl('inspect', archive),
      upload: () => channelctl('publish', channel, archive, '--name', name(), '--no-look'),
      publish: () => channelctl('publish', channel, archive, '--name', name()),
      gitArchive: () => cpuOfProgram(['bash', '-c', archived, 'bash', checkout], environment),
      pack: () => channelctl('publish', channel, checkout, '--name', name()),
    };
    const measured = Object.fromEntries(Object.keys(runs).map((run) => [run, [] as number[]])) as Record<
      keyof typeof runs,
      number[]
    >;
    for (let round = 1; round <= rounds; round += 1) {
      tell(`publish: round ${round} of ${rounds}\n`);
      for (const run of Object.keys(runs) as (keyof typeof runs)[]) measured[run].push(await runs[run]());
    }
    const of = (run: keyof typeof runs, round: number): number => measured[run][round] as number;
    return {
      values: {
        'publish: CPU against inspect and a plain upload': median(
          measured.publish.map((cpu, round) => cpu / (of('inspect', round) + of('upload', round))),
        ),
        'publish: CPU of packing against git archive | xz -6': median(
          measured.pack.map((cpu, round) => cpu / of('gitArchive', round)),
        ),
      },
      details: [
        detail('inspect, 56 MB', measured.inspect, 'ms of CPU'),
        detail('publish --no-look, 56 MB', measured.upload, 'ms of CPU'),
        detail('publish, 56 MB', measured.publish, 'ms of CPU'),
        detail('git archive | xz -6, 3,000 files', measured.gitArchive, 'ms of CPU'),
        detail('publish of the checkout', measured.pack, 'ms of CPU'),
      ],
    };
  } finally {
    await system.close();
  }
};
