import { Conflict } from '../../lib/api/problem.ts';

export const operationUsed = (operation: string): Conflict =>
  new Conflict('operation-used', `The operation "${operation}" was something else: make a new id for each run.`);
