export type LocalFailureKind = 'no-space' | 'changed' | 'unreadable' | 'unsupported';

/** It failed for a reason that lies in this machine or in what was asked, not in the archive. The message is one sentence. */
export class LocalFailure extends Error {
  override readonly name = 'LocalFailure';
  readonly kind: LocalFailureKind;

  constructor(kind: LocalFailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
