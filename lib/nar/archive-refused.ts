import { Problem } from '../domain/problem.ts';

const maxShownCharacters = 200;

/** A name, given as a latin1 string of its bytes, for a terminal: valid UTF-8 is decoded, and control and invisible characters are escaped. */
export function printableName(bytes: string, maxCharacters = maxShownCharacters): string {
  const buffer = Buffer.from(bytes, 'latin1');
  const text = buffer.toString('utf8');
  const shown = Buffer.from(text, 'utf8').equals(buffer)
    ? text.replace(/[\p{C}\p{Zl}\p{Zp}\\]/gu, escaped)
    : bytes.replace(/[^\x20-\x5b\x5d-\x7e]/g, byteEscaped);
  const points = Array.from(shown);
  return points.length <= maxCharacters ? shown : `${points.slice(0, maxCharacters).join('')}…`;
}

function escaped(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  if (character === '\\') return '\\\\';
  return point < 0x100 ? byteEscaped(character) : `\\u{${point.toString(16)}}`;
}

function byteEscaped(character: string): string {
  return character === '\\' ? '\\\\' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** The file must not be published. The message is one sentence; `entry` is safe to print on a terminal. */
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

type LocalFailureKind = 'no-space' | 'changed' | 'unreadable' | 'unsupported';

/** The cause is this machine or the command line, not the archive. The message is one sentence. */
export class LocalFailure extends Problem {
  override readonly name = 'LocalFailure';
  readonly kind: LocalFailureKind;

  constructor(kind: LocalFailureKind, message: string, options?: ErrorOptions) {
    // 507 can be retried.
    super(kind === 'no-space' ? 507 : 400, kind, message, { field: 'file', cause: options?.cause });
    this.kind = kind;
  }
}

export interface Limits {
  /** Bytes of the tar, and separately of all files once sparse files and hard links are expanded. */
  readonly maxUnpacked: number;
  readonly maxEntries: number;
  /** Names and link targets together; they are kept in memory. */
  readonly maxNameBytes: number;
}

const gib = 1024 ** 3;

export const defaultLimits: Limits = { maxUnpacked: 20 * gib, maxEntries: 1_000_000, maxNameBytes: gib / 4 };

/** NAME_MAX of Linux, which Nix's store needs. */
export const maxComponentBytes = 255;

/** Linux's PATH_MAX with its NUL. */
export const maxPathBytes = 4095;

/** Nix 2.34 refuses 64 levels, 2.26 crashes from 58 on. */
export const maxDepth = 50;
