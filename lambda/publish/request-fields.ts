import * as z from 'zod/mini';
import { visibilities } from '../../lib/domain/catalog.ts';

/** An operation's id is made once per run by the command, and names the upload that it opens. */
const idPattern = /^[A-Za-z0-9-]{8,64}$/;
export const operation = z.string().check(z.regex(idPattern, '8 to 64 letters, digits and "-"'));

export const isUploadId = (text: string): boolean => idPattern.test(text);

/** `dryRun`, everywhere: decide and answer, but write nothing. */
export const flag = z.optional(z.boolean());

export const visibility = z.optional(z.enum(visibilities, '"public" or "private"'));

export const reason = z
  .string()
  .check(
    z.minLength(1, 'at least one character'),
    z.maxLength(500, 'at most 500 characters'),
    z.regex(/^\P{Cc}*$/u, 'one line'),
  );
