import { Problem } from '../domain/problem.ts';

/**
 * The codes of what the publish API refuses, each with its HTTP status; docs/api.md says what they mean. A code is part of the
 * API: programs decide by it.
 */
export const problemStatuses = {
  'invalid-input': 400,
  'not-found': 404,
  gone: 410,
  'other-bytes': 409,
  'other-channel': 409,
  older: 409,
  yanked: 409,
  'md5-needed': 409,
  undecidable: 409,
  'part-md5s-needed': 409,
  'parts-missing': 409,
  'part-differs': 409,
  'upload-gone': 409,
  'name-used': 409,
  'other-extension': 409,
  'other-visibility': 409,
  moved: 409,
  same: 409,
  'no-conditional-writes': 409,
  'object-missing': 409,
  'operation-used': 409,
  'list-full': 409,
  damaged: 409,
  defect: 500,
  unavailable: 503,
} as const;

export type ProblemCode = keyof typeof problemStatuses;

export type ProblemStatus = (typeof problemStatuses)[ProblemCode];

export type ConflictCode = {
  [Code in ProblemCode]: (typeof problemStatuses)[Code] extends 409 ? Code : never;
}[ProblemCode];

/** The request is sound but what is there stands against it. `code` tells programs which of the cases it is. */
export class Conflict extends Problem {
  constructor(code: ConflictCode, sentence: string) {
    super(problemStatuses[code], code, sentence);
  }
}

/** The body of a refusal (RFC 9457), with two members of our own. */
export interface ProblemDetails {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  /** The part of the request that breaks a rule. */
  readonly field?: string;
}
