import type * as z from 'zod/mini';
import { InvalidInput } from '../../lib/domain/problem.ts';

const largestBody = 1_000_000;

function readJson(body: string | undefined): unknown {
  if (body === undefined || body === '') throw new InvalidInput('body', 'The request has no body: send JSON.');
  if (Buffer.byteLength(body) > largestBody) throw new InvalidInput('body', `The body is over ${largestBody} bytes.`);
  try {
    return JSON.parse(body);
  } catch {
    // Without the parser's own message: it quotes what was sent.
    throw new InvalidInput('body', 'The body is not JSON.');
  }
}

/** The body of a request as its schema has it; throws InvalidInput that names the first field that is wrong. */
export function parseBody<Schema extends z.ZodMiniType>(schema: Schema, body: string | undefined): z.infer<Schema> {
  const parsed = schema.safeParse(readJson(body));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const field = issue.keys[0] ?? 'body';
    throw new InvalidInput(field, `There is no field ${JSON.stringify(field)} here.`);
  }
  const field = issue === undefined || issue.path.length === 0 ? 'body' : issue.path.join('.');
  throw new InvalidInput(field, `${field} is not as it must be: ${issue?.message ?? 'invalid'}.`);
}
