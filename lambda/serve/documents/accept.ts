export type DocumentFormat = 'html' | 'json' | 'text';

/** `*\/*` is what curl and Nix send: they show text to a person. */
const formats: Readonly<Record<string, DocumentFormat>> = {
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'application/json': 'json',
  'application/*': 'json',
  'text/plain': 'text',
  'text/*': 'text',
  '*/*': 'text',
};

/** RFC 9110, 12.4.2. What is not a weight counts as 0, so it never wins over what is well formed. */
function weightOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  if (weight === undefined) return 1;
  return /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight.slice(2)) : 0;
}

/** What an Accept header asks for: the format with the greatest weight, and of several the one that is named first. */
export function preferredFormat(accept: string | undefined): DocumentFormat {
  let best: { readonly format: DocumentFormat; readonly weight: number } = { format: 'text', weight: 0 };
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const format = Object.hasOwn(formats, type) ? formats[type] : undefined;
    const weight = weightOf(parameters);
    if (format !== undefined && weight > best.weight) best = { format, weight };
  }
  return best.format;
}
