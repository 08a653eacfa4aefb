import { BadSetting } from '../../lib/domain/bad-setting.ts';

/** A setting that is one of some words, the first one where it is not set. @throws BadSetting */
export function parseWord<const Word extends string>(
  name: string,
  text: string | undefined,
  words: readonly [Word, ...Word[]],
): Word {
  const word = words.find((one) => one === (text || words[0]));
  if (word === undefined) throw new BadSetting(name, `must be ${words.join(' or ')}`);
  return word;
}
