import { createHmac } from 'node:crypto';

export interface SigningContext {
  readonly key: Buffer;
  /** As the request has it: `20130524T000000Z`. */
  readonly date: string;
  readonly scope: string;
}

/** The signature over algorithm, date, scope and what follows them in the string to sign, in hex. */
export function sign(context: SigningContext, algorithm: string, ...rest: readonly string[]): string {
  const stringToSign = [algorithm, context.date, context.scope, ...rest].join('\n');
  return createHmac('sha256', context.key).update(stringToSign).digest('hex');
}
