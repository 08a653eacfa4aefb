import { Conflict } from '../../lib/api/problem.ts';

/** The command begins a new upload when it meets this code. */
export const uploadGone = (): Conflict => new Conflict('upload-gone', 'The upload is no longer open: publish again.');
