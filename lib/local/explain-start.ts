import { BadSetting } from '../domain/bad-setting.ts';
import { Problem } from '../domain/problem.ts';

/** Why the local system did not start, in one line where it is not a defect. */
export function explainStart(error: unknown): string {
  if (error instanceof BadSetting || error instanceof Problem) return error.message;
  const { code, port, message, stack, $metadata } = error as NodeJS.ErrnoException & {
    port?: number;
    $metadata?: unknown;
  };
  if (code === 'EADDRINUSE')
    return `Port ${port} is taken: end what listens there, or choose another by PORT (the API) or S3_PORT (the bucket).`;
  if (code === 'EACCES' && port !== undefined)
    return `Port ${port} may not be used by you: choose another by PORT or S3_PORT.`;
  if (code === 'ELOCKED' || code === 'EACCES' || code === 'ENOSPC') return message;
  if ($metadata !== undefined || code === 'ECONNREFUSED' || code === 'ENOTFOUND')
    return `The bucket cannot be used (${[code, (error as Error).name, message].filter(Boolean).join(': ')}): check S3_ENDPOINT, S3_BUCKET and AWS_*.`;
  return stack ?? String(error);
}
