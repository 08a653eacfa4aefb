import { Problem } from '../domain/problem.ts';

/** What the command ends with. */
export const exitCodes = {
  done: 0,
  defect: 1,
  usage: 2,
  refused: 3,
  conflict: 4,
  noAccess: 5,
  notFound: 6,
  unavailable: 7,
  /** The doctor found something that is worse than good to know, and it is left. */
  findings: 8,
  /** By Ctrl-C: 128 and the number of SIGINT, as shells have it. */
  interrupted: 130,
} as const;

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof Problem)) return exitCodes.defect;
  const { status } = error;
  if (status === 401 || status === 403) return exitCodes.noAccess;
  if (status === 404 || status === 410) return exitCodes.notFound;
  if (status === 409 || status === 412) return exitCodes.conflict;
  return status >= 500 ? exitCodes.unavailable : exitCodes.refused;
}
