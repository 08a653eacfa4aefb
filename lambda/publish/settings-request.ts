import * as z from 'zod/mini';
import { assertMaxAge } from '../../lib/domain/max-age.ts';
import { InvalidInput } from '../../lib/domain/problem.ts';
import { parseBody } from './parse-body.ts';
import { flag, operation, visibility } from './request-fields.ts';

const settings = z.strictObject({
  operation,
  visibility,
  /** Seconds; null takes it away. */
  maxAge: z.optional(z.nullable(z.int('a whole number of seconds, or null'))),
  dryRun: flag,
});

export type SettingsRequest = z.infer<typeof settings>;

export function parseSettings(body: string | undefined): SettingsRequest {
  const parsed = parseBody(settings, body);
  if (parsed.visibility === undefined && parsed.maxAge === undefined)
    throw new InvalidInput('body', 'There is nothing to set: give visibility or maxAge.');
  if (typeof parsed.maxAge === 'number') assertMaxAge(parsed.maxAge);
  return parsed;
}
