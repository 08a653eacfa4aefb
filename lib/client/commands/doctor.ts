import type { Command } from 'commander';
import type { DoctorPage, FoundFinding } from '../../../lambda/publish/doctor/doctor-bucket.ts';
import { findingText, summarize, summaryText } from '../doctor-text.ts';
import { EndWith } from '../end-with.ts';
import { exitCodes } from '../exit-codes.ts';
import { type AddCommand, connect, dryRunOption, type Globals, type ProgramOptions } from './command-context.ts';
import { doctorReaderCommand } from './doctor-reader.ts';

interface DoctorFlags extends Globals {
  readonly fix?: boolean;
  readonly dryRun?: boolean;
}

const path = '/publish/doctor';

async function doctorBucket(options: ProgramOptions, flags: DoctorFlags): Promise<void> {
  const { json = false, fix = false, dryRun = false } = flags;
  const api = await connect(options, flags);
  const operation = options.operation();
  const ask = (after: string | undefined): Promise<DoctorPage> => {
    const query = after === undefined ? {} : { after };
    return fix && !dryRun ? api.post(path, { operation, ...query }) : api.get(path, query);
  };
  const findings: FoundFinding[] = [];
  let after: string | undefined;
  do {
    const page = await ask(after);
    findings.push(...page.findings);
    // At once, for a large bucket takes a while.
    if (!json) for (const one of page.findings) options.out(`${findingText(one)}\n`);
    after = page.next;
  } while (after !== undefined);
  const summary = summarize(findings);
  options.out(`${json ? JSON.stringify({ findings, summary }) : summaryText(summary, 'the bucket')}\n`);
  if (summary.error + summary.warning > 0) throw new EndWith(exitCodes.findings);
}

export const doctorCommand: AddCommand = (program, options) => {
  const doctor = program.command('doctor').description('look for what is wrong, and say what it means');
  doctor
    .command('bucket')
    .description('check catalog, records and objects against each other')
    .option('--fix', 'mend what is safe; nothing is deleted, and readers are served the same')
    .option(...dryRunOption)
    .action((_: unknown, command: Command) => doctorBucket(options, command.optsWithGlobals<DoctorFlags>()));
  doctorReaderCommand(doctor, options);
};
