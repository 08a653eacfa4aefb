import type { Values } from './rows.ts';
import type { Detail } from './statistics.ts';

export interface BenchSettings {
  readonly rounds: number;
  /** Says what goes on, for people. */
  readonly tell: (text: string) => void;
}

export interface Measured {
  readonly values: Values;
  readonly details: readonly Detail[];
}

export type BenchPart = (settings: BenchSettings) => Promise<Measured>;
