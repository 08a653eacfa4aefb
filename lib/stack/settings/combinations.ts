import type { StackSettings } from './stack-settings.ts';

/** Settings that are each good and do not go together: the name of one, and what to do, as the end of "The setting NAME …". */
export interface Combination {
  readonly name: keyof StackSettings;
  readonly rule: string;
  readonly broken: (settings: StackSettings) => boolean;
}

export const combinations: readonly Combination[] = [];
