import { Problem } from '../domain/problem.ts';
import { printableName } from './printable-name.ts';

/** The file itself must not be published as it is. `entry` is fit for a terminal, the message is one sentence. */
export class ArchiveRefused extends Problem {
  override readonly name = 'ArchiveRefused';
  readonly reason: string;
  readonly entry?: string;

  /** @param entry the bytes of the entry's name as a latin1 string */
  constructor(reason: string, entry?: string, options?: ErrorOptions) {
    const shown = entry === undefined ? undefined : printableName(entry);
    const sentence = shown === undefined ? `The archive ${reason}.` : `The archive's entry '${shown}' ${reason}.`;
    super(400, 'archive-refused', sentence, { field: 'file', cause: options?.cause });
    this.reason = reason;
    if (shown !== undefined) this.entry = shown;
  }
}
