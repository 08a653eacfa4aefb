import { BadSetting } from '../../lib/domain/bad-setting.ts';
import { type ConditionalWrites, conditionalWrites } from '../../lib/domain/conditional-writes.ts';

export function parseConditionalWrites(text: string | undefined): ConditionalWrites {
  if (text === undefined || text === '') return 'required';
  const mode = conditionalWrites.find((one) => one === text);
  if (mode === undefined) throw new BadSetting('CONDITIONAL_WRITES', `must be ${conditionalWrites.join(' or ')}`);
  return mode;
}
