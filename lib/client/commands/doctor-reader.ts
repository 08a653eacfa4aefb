import type { Command } from 'commander';
import { findingText, summarize, summaryText } from '../doctor-text.ts';
import { EndWith } from '../end-with.ts';
import { exitCodes } from '../exit-codes.ts';
import { warningText } from '../look-at-file.ts';
import { findNetrc } from '../netrc/find-netrc.ts';
import { netrcFile } from '../netrc/netrc-file.ts';
import { readText } from '../read-text.ts';
import { createAsk } from '../reader/ask.ts';
import { findNixVersion } from '../reader/check-nix.ts';
import { examineReader } from '../reader/examine-reader.ts';
import { findCertificates } from '../reader/find-certificates.ts';
import { lockedInputs } from '../reader/locked-inputs.ts';
import { createLookAtRelease } from '../reader/look-at-release.ts';
import { readerFinding } from '../reader/reader-finding.ts';
import { parseReaderUrl } from '../reader/reader-url.ts';
import type { AddCommand, Globals, ProgramOptions } from './command-context.ts';

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
    look: createLookAtRelease({ send, environment, authorities }),
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
  if (summary.error + summary.warning > 0) throw new EndWith(exitCodes.findings);
}

export const doctorReaderCommand: AddCommand = (doctor, options) => {
  doctor
    .command('reader <url>')
    .description('check whether Nix on this machine can read a channel: address, clock, netrc, token, archive, lock')
    .option('--netrc <file>', 'the netrc file; as Nix is set otherwise')
    .option('--lock <file>', 'a flake.lock: are its permanent URLs there?')
    .action((url: string, _: unknown, command: Command) =>
      doctorReader(options, url, command.optsWithGlobals<ReaderFlags>()),
    );
};
