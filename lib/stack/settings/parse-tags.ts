import { isObject } from '../../domain/is-object.ts';

export type ResourceTags = Readonly<Record<string, string>>;

/** A resource may have 50, those that CloudFormation and the CDK add among them. */
const most = 40;

// AWS general reference, "Tagging": letters, digits and blanks of UTF-8, and these signs, whatever the service.
const keyForm = /^(?!aws:| *$)[\p{L} \p{N}_.:/=+\-@]{1,128}$/iu;
const valueForm = /^[\p{L} \p{N}_.:/=+\-@]{0,256}$/u;

type Pair = readonly [key: string, value: unknown];

function pairsOf(text: string): readonly Pair[] {
  return text.split(',').map((part) => {
    const at = part.indexOf('=');
    return [part.slice(0, Math.max(at, 0)).trim(), part.slice(at + 1).trim()] as const;
  });
}

function entriesOf(value: unknown): readonly Pair[] | undefined {
  if (isObject(value)) return Object.entries(value);
  if (typeof value !== 'string') return undefined;
  if (!value.startsWith('{')) return pairsOf(value);
  try {
    return entriesOf(JSON.parse(value));
  } catch {
    return undefined;
  }
}

/** Undefined when it is neither an object of tags nor KEY=VALUE,…, or a tag is not one that AWS takes. */
export function parseTags(value: unknown): ResourceTags | undefined {
  const entries = entriesOf(value);
  if (entries === undefined || entries.length > most) return undefined;
  // IAM takes Team and team for the same key (IAM user guide, "Tags for IAM resources").
  if (new Set(entries.map(([key]) => key.toLowerCase())).size < entries.length) return undefined;
  const good = ([key, given]: Pair): boolean => keyForm.test(key) && typeof given === 'string' && valueForm.test(given);
  return entries.every(good) ? (Object.fromEntries(entries) as ResourceTags) : undefined;
}
