import { BadSetting } from '../domain/bad-setting.ts';
import { Problem } from '../domain/problem.ts';

interface StartFailure extends NodeJS.ErrnoException {
  readonly port?: number;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** What S3 said. A refused HEAD has no body, so of that the SDK knows the status alone. */
function cause({ code, name, message, $metadata }: StartFailure): string {
  const status = $metadata?.httpStatusCode;
  const said = [code, name, message].filter((part) => part && !/^Unknown(?:Error)?$/.test(part)).join(': ');
  return said || (status === undefined ? 'no reason was given' : `it answers ${status}`);
}

/** Why the local system did not start, in one line where it is not a defect. */
export function explainStart(error: unknown): string {
  if (error instanceof BadSetting || error instanceof Problem) return error.message;
  const { code, port, message, stack, $metadata } = error as StartFailure;
  if (code === 'EADDRINUSE')
    return `Port ${port} is taken: end what listens there, or choose another by PORT (the API) or S3_PORT (the bucket).`;
  if (code === 'EACCES' && port !== undefined)
    return `Port ${port} may not be used by you: choose another by PORT or S3_PORT.`;
  if (code === 'ELOCKED' || code === 'EACCES' || code === 'ENOSPC') return message;
  if ($metadata !== undefined || code === 'ECONNREFUSED' || code === 'ENOTFOUND')
    return `The bucket cannot be used (${cause(error as StartFailure)}): check S3_ENDPOINT, S3_BUCKET and AWS_*.`;
  return stack ?? String(error);
}
