/** Several values of one option: given again, or joined by commas. */
export const listOf = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(','),
];
