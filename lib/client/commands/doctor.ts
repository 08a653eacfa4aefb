import type { Command } from 'commander';
import type { DoctorPage, FoundFinding } from '../../api/answers.ts';
import { findingText, summarize, summaryText } from '../doctor-text.ts';
import { ExitError, exitCodes } from '../exit-codes.ts';
import { readText } from '../files.ts';
import { findNetrc, netrcFile } from '../netrc/find.ts';
import { warningText } from '../publish/look-at-file.ts';
import { createAsk, findCertificates } from '../reader/ask.ts';
import { findNixVersion, lockedInputs } from '../reader/check-lock.ts';
import { createInspectRelease } from '../reader/check-permanent.ts';
import { examineReader } from '../reader/examine-reader.ts';
import { readerFinding } from '../reader/reader-finding.ts';
import { parseReaderUrl } from '../reader/reader-url.ts';
import { type AddCommand, connect, dryRunOption, type Globals, type ProgramOptions } from './context.ts';

interface ReaderFlags extends Globals {
  readonly netrc?: string;
  readonly lock?: string;
}

async function doctorReader(options: ProgramOptions, text: string, flags: ReaderFlags): Promise<void> {
  const { environment, send, now, out, err, stdin } = options;
  const { lock, json = false } = flags;
  const reader = parseReaderUrl(text);
  const inputs = lock === undefined ? undefined : lockedInputs(await readText(lock, stdin), reader.url.hostname, lock);
  const { path, others } = await findNetrc(flags.netrc, environment);
  const authorities = await findCertificates(environment);
  const placed = async (each: string) => ({ path: each, file: await netrcFile(each) });
  const examined = await examineReader({
    reader,
    ask: createAsk({ send, now, environment, authorities }),
    netrc: await placed(path),
    otherNetrcs: await Promise.all(others.map(placed)),
    inputs,
    nixVersion: await findNixVersion(environment),
    now,
    look: createInspectRelease({ send, environment, authorities }),
  });
  const { warnings } = examined;
  const findings = [...examined.findings];
  if (lock !== undefined && inputs?.length === 0)
    findings.push(
      readerFinding(
        'lock-nothing',
        lock,
        `No input of it comes from ${reader.url.hostname}.`,
        'Check the URL and the file.',
      ),
    );
  for (const warning of warnings) err(`${warningText(warning)}\n`);
  const summary = summarize(findings);
  if (json) out(`${JSON.stringify({ findings, warnings, summary })}\n`);
  else {
    for (const one of findings) out(`${findingText(one)}\n`);
    out(`Nix sends credentials from ${path}.\n${summaryText(summary, `reading ${reader.url.href}`)}\n`);
  }
  if (summary.error + summary.warning > 0) throw new ExitError(exitCodes.findings);
}

const doctorReaderCommand: AddCommand = (doctor, options) => {
  doctor
    .command('reader <url>')
    .description('check whether Nix on this machine can read a channel: address, clock, netrc, token, archive, lock')
    .option('--netrc <file>', 'the netrc file; as Nix is set otherwise')
    .option('--lock <file>', 'a flake.lock: are its permanent URLs there?')
    .action((url: string, _: unknown, command: Command) =>
      doctorReader(options, url, command.optsWithGlobals<ReaderFlags>()),
    );
};

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
  if (summary.error + summary.warning > 0) throw new ExitError(exitCodes.findings);
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
