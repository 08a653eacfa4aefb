/** What was laid out over several lines, as one. */
export const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ');
