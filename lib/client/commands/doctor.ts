import type { Command } from 'commander';
import type { DoctorPage, FoundFinding } from '../../api/answers.ts';
import { escapeControls } from '../../domain/names.ts';
import { pages } from '../api/http.ts';
import { ExitError, exitCodes } from '../exit-codes.ts';
import { readText } from '../files.ts';
import type { ShownFinding } from '../reader/reader-finding.ts';
import { oneLine } from '../text.ts';
import { type AddCommand, connect, dryRunOption, type Globals, helpEnding, type ProgramOptions } from './context.ts';

export interface DoctorSummary {
  readonly error: number;
  readonly warning: number;
  readonly info: number;
  readonly fixed: number;
  readonly fixable: number;
}

const isLeft = ({ fixed }: ShownFinding): boolean => fixed !== true;

/** Counts the findings that are left, by severity, and those that `--fix` would mend. */
export function summarize(findings: readonly ShownFinding[]): DoctorSummary {
  const left = findings.filter(isLeft);
  const count = (severity: ShownFinding['severity']): number => left.filter((one) => one.severity === severity).length;
  return {
    error: count('error'),
    warning: count('warning'),
    info: count('info'),
    fixed: findings.length - left.length,
    fixable: left.filter(({ fixable }) => fixable).length,
  };
}

export function findingText({ kind, severity, subject, means, fix, fixed }: ShownFinding): string {
  const mark = fixed === true ? 'mended' : severity;
  return escapeControls(`${mark.padEnd(7)}  ${subject} (${kind}): ${oneLine(means)}`).concat(
    fixed === true ? '' : `\n${' '.repeat(9)}${escapeControls(oneLine(fix))}`,
  );
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 || what === 'info' ? '' : 's'}`;

/** @param examined as the end of a sentence */
export function summaryText({ error, warning, info, fixed, fixable }: DoctorSummary, examined: string): string {
  const mended = fixed === 0 ? '' : `, ${fixed} mended`;
  if (error + warning + fixed === 0)
    return `Nothing is wrong with ${examined}.${info === 0 ? '' : ` ${counted(info, 'info')}.`}`;
  const left = [counted(error, 'error'), counted(warning, 'warning'), counted(info, 'info')].join(', ');
  return `${left}${mended}.${fixable === 0 ? '' : ` --fix mends ${fixable} of them.`}`;
}

const docs = 'docs/doctor.md';

function endWith({ error, warning }: DoctorSummary): void {
  if (error + warning > 0) throw new ExitError(exitCodes.findings);
}

interface ReaderFlags extends Globals {
  readonly netrc?: string;
  readonly lock?: string;
}

async function doctorReader(options: ProgramOptions, url: string, flags: ReaderFlags): Promise<void> {
  const { out, err, stdin } = options;
  const [{ examineMachine }, { warningText }] = await Promise.all([
    import('../reader/examine-reader.ts'),
    import('../publish/check-file.ts'),
  ]);
  const { netrc, lock, json = false } = flags;
  const lockFile = lock === undefined ? undefined : { path: lock, text: await readText(lock, stdin) };
  const { reader, netrcPath, findings, warnings } = await examineMachine(options, { url, netrc, lockFile });
  for (const warning of warnings) err(`${warningText(warning)}\n`);
  const summary = summarize(findings);
  if (json) out(`${JSON.stringify({ findings, warnings, summary })}\n`);
  else {
    for (const one of findings) out(`${findingText(one)}\n`);
    out(`Nix sends credentials from ${netrcPath}.\n${summaryText(summary, `reading ${reader.url.href}`)}\n`);
  }
  endWith(summary);
}

interface DoctorFlags extends Globals {
  readonly fix?: boolean;
  readonly dryRun?: boolean;
}

const path = '/publish/doctor';

async function doctorBucket(options: ProgramOptions, flags: DoctorFlags): Promise<void> {
  const { json = false, fix = false, dryRun = false } = flags;
  const api = await connect(options, flags);
  const operation = options.operation();
  const ask = (after?: string): Promise<DoctorPage> =>
    fix && !dryRun ? api.post(path, { operation, after }) : api.get(path, { after });
  const findings: FoundFinding[] = [];
  for await (const page of pages(ask)) {
    findings.push(...page.findings);
    // A large bucket takes a while, so each page is printed at once.
    if (!json) for (const one of page.findings) options.out(`${findingText(one)}\n`);
  }
  const summary = summarize(findings);
  options.out(`${json ? JSON.stringify({ findings, summary }) : summaryText(summary, 'the bucket')}\n`);
  endWith(summary);
}

export const doctorCommand: AddCommand = (program, options) => {
  const doctor = program
    .command('doctor')
    .description('find problems, and say what they mean and how to fix them')
    .addHelpText('after', helpEnding([], docs));
  doctor
    .command('bucket')
    .description('check catalog, records and objects against each other')
    .option('--fix', 'fix what is safe to fix; nothing is deleted, and readers get the same as before')
    .option(...dryRunOption)
    .addHelpText('after', helpEnding(['channelctl doctor bucket', 'channelctl doctor bucket --fix'], docs))
    .action((_: unknown, command: Command) => doctorBucket(options, command.optsWithGlobals<DoctorFlags>()));
  doctor
    .command('reader <url>')
    .description('check whether Nix on this machine can read a channel: address, clock, netrc, token, archive, lock')
    .option('--netrc <file>', 'the netrc file (default: the one that Nix reads)')
    .option('--lock <file>', 'a flake.lock: check that its permanent URLs still work')
    .addHelpText(
      'after',
      helpEnding(
        ['channelctl doctor reader https://nix.example.org/channel/nixos-25.05.tar.xz --lock flake.lock'],
        docs,
      ),
    )
    .action((url: string, _: unknown, command: Command) =>
      doctorReader(options, url, command.optsWithGlobals<ReaderFlags>()),
    );
};
