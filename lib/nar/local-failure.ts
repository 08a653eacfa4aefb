import { Problem } from '../domain/problem.ts';

export type LocalFailureKind = 'no-space' | 'changed' | 'unreadable' | 'unsupported';

/** It failed for a reason that lies in this machine or in what was asked, not in the archive. The message is one sentence. */
export class LocalFailure extends Problem {
  override readonly name = 'LocalFailure';
  readonly kind: LocalFailureKind;

  constructor(kind: LocalFailureKind, message: string, options?: ErrorOptions) {
    // A full disk passes; what else is wrong here does not by itself.
    super(kind === 'no-space' ? 507 : 400, kind, message, { field: 'file', cause: options?.cause });
    this.kind = kind;
  }
}
