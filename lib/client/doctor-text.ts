import type { Severity } from '../api/finding.ts';
import { escapeControls, oneLine } from './text.ts';

/** What a doctor found, of whatever kind. */
export interface ShownFinding {
  readonly kind: string;
  readonly severity: Severity;
  readonly subject: string;
  readonly means: string;
  readonly fix: string;
  readonly fixable: boolean;
  readonly fixed?: boolean;
}

export interface DoctorSummary {
  readonly error: number;
  readonly warning: number;
  readonly info: number;
  readonly fixed: number;
  readonly fixable: number;
}

const isLeft = ({ fixed }: ShownFinding): boolean => fixed !== true;

/** What is left by its severity, and what of it `--fix` would mend. */
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

/** @param examined what was looked at, as the end of a sentence */
export function summaryText({ error, warning, info, fixed, fixable }: DoctorSummary, examined: string): string {
  const mended = fixed === 0 ? '' : `, ${fixed} mended`;
  if (error + warning + fixed === 0)
    return `Nothing is wrong with ${examined}.${info === 0 ? '' : ` ${counted(info, 'info')}.`}`;
  const left = [counted(error, 'error'), counted(warning, 'warning'), counted(info, 'info')].join(', ');
  return `${left}${mended}.${fixable === 0 ? '' : ` --fix mends ${fixable} of them.`}`;
}
