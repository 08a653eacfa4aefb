export type InspectionFailure = 'no-space' | 'changed' | 'unreadable' | 'unsupported';

/** Looking at the file failed for a reason that lies in this machine, not in the archive. The message is one sentence. */
export class InspectionFailed extends Error {
  override readonly name = 'InspectionFailed';
  readonly kind: InspectionFailure;

  constructor(kind: InspectionFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
