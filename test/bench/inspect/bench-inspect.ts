import { findPrograms } from '../../../lib/nar/decode/by-program.ts';
import type { BenchPart } from '../bench-part.ts';
import { installedCommand, type NodeRun, runNode, timeProgram } from '../measured-process.ts';
import { detail, median } from '../statistics.ts';
import { nixPrefetch } from './nix-prefetch.ts';
import { sourceArchive } from './source-archive.ts';

const inspected = async (command: string, archive: string, path: string): Promise<NodeRun> => {
  const { TMPDIR } = process.env;
  const environment = { PATH: path, ...(TMPDIR === undefined ? {} : { TMPDIR }) };
  return runNode([command, 'inspect', archive, '--json'], environment);
};

const narHashOf = ({ output }: NodeRun): string => (JSON.parse(output) as { readonly narHash: string }).narHash;
const secondsOf = (runs: readonly NodeRun[]): readonly number[] => runs.map(({ seconds }) => seconds);
const peaksOf = (runs: readonly NodeRun[]): readonly number[] => runs.map(({ peakMegabytes }) => peakMegabytes);

/** Looking at a large archive, in rounds that take turns, so that what else the machine does falls on all alike. */
export const benchInspect: BenchPart = async ({ rounds, tell }) => {
  const { PATH = '' } = process.env;
  const { xz } = await findPrograms(PATH);
  const archive = await sourceArchive(xz, tell);
  const inOrder = await sourceArchive(xz, tell, 'in order');
  const command = installedCommand();
  const plain: number[] = [];
  const withXz: NodeRun[] = [];
  const without: NodeRun[] = [];
  const sortedWithXz: NodeRun[] = [];
  const sortedWithout: NodeRun[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    tell(`inspect: round ${round} of ${rounds}\n`);
    if (xz !== undefined) {
      plain.push(await timeProgram(xz, ['-dc', '-T1', archive]));
      withXz.push(await inspected(command, archive, PATH));
      sortedWithXz.push(await inspected(command, inOrder, PATH));
    }
    without.push(await inspected(command, archive, ''));
    sortedWithout.push(await inspected(command, inOrder, ''));
  }
  // The same files in another order have the same NAR.
  const hashes = new Set([...withXz, ...without, ...sortedWithXz, ...sortedWithout].map(narHashOf));
  if (hashes.size !== 1) throw new Error(`one archive has several hashes: ${[...hashes].join(', ')}`);

  const peaks = [
    ...(xz === undefined ? [] : [detail('inspect with xz, memory of the command', peaksOf(withXz), 'MB')]),
    detail('inspect without xz, memory of the command', peaksOf(without), 'MB'),
  ];
  const memory = { 'inspect: peak memory': Math.max(...peaks.map((peak) => peak.median)) };
  const alone = detail('inspect without xz', secondsOf(without), 's');
  if (xz === undefined) {
    tell('inspect: there is no xz here to compare with\n');
    return { values: memory, details: [alone, ...peaks] };
  }
  const nix = await nixPrefetch(archive, [...hashes][0] as string, tell);
  return {
    values: {
      ...memory,
      'inspect: with xz, against xz -dc -T1': median(secondsOf(withXz)) / median(plain),
      'inspect: without xz, against xz -dc -T1': median(secondsOf(without)) / median(plain),
      'inspect: in order of names, with xz': median(secondsOf(sortedWithXz)) / median(plain),
      'inspect: in order of names, without xz': median(secondsOf(sortedWithout)) / median(plain),
      ...(nix && { 'inspect: faster than nix flake prefetch': nix.seconds / median(secondsOf(withXz)) }),
    },
    details: [
      detail('xz -dc -T1', plain, 's'),
      detail('inspect with xz', secondsOf(withXz), 's'),
      alone,
      detail('inspect with xz, entries in order of names', secondsOf(sortedWithXz), 's'),
      detail('inspect without xz, entries in order of names', secondsOf(sortedWithout), 's'),
      ...peaks,
      ...(nix ? [detail(`nix flake prefetch (${nix.name})`, [nix.seconds], 's')] : []),
    ],
  };
};
