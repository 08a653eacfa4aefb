import type { ProblemStatus } from '../api/problem.ts';
import { Problem } from '../domain/problem.ts';

export const exitCodes = {
  done: 0,
  defect: 1,
  usage: 2,
  refused: 3,
  conflict: 4,
  noAccess: 5,
  notFound: 6,
  unavailable: 7,
  /** The doctor found errors or warnings that it did not fix. */
  findings: 8,
  /** By Ctrl-C: 128 plus the number of SIGINT, as in shells. */
  interrupted: 130,
} as const;

/** The statuses of the API, the gateway and the command itself. */
const byStatus: Readonly<Record<ProblemStatus | 401 | 403 | 412, number>> = {
  400: exitCodes.refused,
  401: exitCodes.noAccess,
  403: exitCodes.noAccess,
  404: exitCodes.notFound,
  409: exitCodes.conflict,
  410: exitCodes.notFound,
  412: exitCodes.conflict,
  500: exitCodes.unavailable,
  503: exitCodes.unavailable,
};

/** An option or an argument is missing; no request was sent. */
export class UsageError extends Problem {
  constructor(sentence: string) {
    super(400, 'usage', sentence);
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (!(error instanceof Problem)) return exitCodes.defect;
  const { status } = error;
  const known: Readonly<Record<number, number>> = byStatus;
  return known[status] ?? (status >= 500 ? exitCodes.unavailable : exitCodes.refused);
}

/** Ends the command with this exit code. Everything has already been printed. */
export class ExitError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`);
    this.name = 'ExitError';
    this.exitCode = exitCode;
  }
}
