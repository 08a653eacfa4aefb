import { Problem } from '../domain/problem.ts';

const longest = 200;

/**
 * Bytes kept as a latin1 string, as a terminal may show them: UTF-8 where they are UTF-8, everything that moves the cursor or
 * hides itself as an escape.
 */
export function printableName(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1');
  const text = buffer.toString('utf8');
  const shown = Buffer.from(text, 'utf8').equals(buffer)
    ? text.replace(/[\p{C}\p{Zl}\p{Zp}\\]/gu, escaped)
    : bytes.replace(/[^\x20-\x5b\x5d-\x7e]/g, byteEscaped);
  const points = Array.from(shown);
  return points.length <= longest ? shown : `${points.slice(0, longest).join('')}…`;
}

function escaped(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  if (character === '\\') return '\\\\';
  return point < 0x100 ? byteEscaped(character) : `\\u{${point.toString(16)}}`;
}

function byteEscaped(character: string): string {
  return character === '\\' ? '\\\\' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

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

type LocalFailureKind = 'no-space' | 'changed' | 'unreadable' | 'unsupported';

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

export interface Limits {
  /** Bytes of the tar and, counted by itself, of all files once expanded: holes of sparse files and hard links included. */
  readonly maxUnpacked: number;
  readonly maxEntries: number;
  /** Names and link targets together, because they stay in memory. */
  readonly maxNameBytes: number;
}

const gib = 1024 ** 3;

export const defaultLimits: Limits = { maxUnpacked: 20 * gib, maxEntries: 1_000_000, maxNameBytes: gib / 4 };

/** NAME_MAX of Linux, which Nix's store needs. */
export const maxNameLength = 255;

/** Linux's PATH_MAX with its NUL. */
export const longestPath = 4095;

/** Nix 2.34 refuses 64 levels, 2.26 crashes from 58 on. */
export const deepestLevel = 50;
