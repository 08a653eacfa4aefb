import { Problem } from '../domain/problem.ts';

/**
 * The problem codes of the publish API, each with its HTTP status; docs/api.md explains them. Codes are part of the API, because
 * programs decide by them.
 */
export const problemStatuses = {
  'invalid-input': 400,
  'not-found': 404,
  gone: 410,
  'other-bytes': 409,
  'other-channel': 409,
  older: 409,
  yanked: 409,
  retired: 409,
  held: 409,
  'too-late': 409,
  'md5-needed': 409,
  undecidable: 409,
  'part-md5s-needed': 409,
  'parts-missing': 409,
  'part-differs': 409,
  'upload-gone': 409,
  'name-used': 409,
  'alias-used': 409,
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

/** The request is valid but conflicts with the current state. `code` says how. */
export class Conflict extends Problem {
  constructor(code: ConflictCode, sentence: string) {
    super(problemStatuses[code], code, sentence);
  }
}

/** The body of an error (RFC 9457), with two members of our own. */
export interface ProblemDetails {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  /** The part of the request that is invalid. */
  readonly field?: string;
}
