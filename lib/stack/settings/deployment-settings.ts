import { isObject } from '../../domain/names.ts';
import { accept, type Setting } from './setting.ts';

type ResourceTags = Readonly<Record<string, string>>;

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
function parseTags(value: unknown): ResourceTags | undefined {
  const entries = entriesOf(value);
  if (entries === undefined || entries.length > most) return undefined;
  // IAM takes Team and team for the same key (IAM user guide, "Tags for IAM resources").
  if (new Set(entries.map(([key]) => key.toLowerCase())).size < entries.length) return undefined;
  const good = ([key, given]: Pair): boolean => keyForm.test(key) && typeof given === 'string' && valueForm.test(given);
  return entries.every(good) ? (Object.fromEntries(entries) as ResourceTags) : undefined;
}

const stackName: Setting<string> = {
  ...accept.matching(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, '1–128 letters, digits and hyphens that begin with a letter'),
  fallback: 'NixChannelStack',
  about: 'letters, digits and hyphens; a second stack in the account needs another name',
};

const tags: Setting<ResourceTags> = {
  accepted:
    'at most 40 tags as an object of texts or as KEY=VALUE,KEY=VALUE; keys have 1–128 and values at most 256 letters, digits, blanks and _ . : / = + - @, no key begins with "aws:", and no two differ in case alone',
  parse: parseTags,
  fallback: {},
  standard: 'none',
  about: 'on every resource that takes tags, as `team=nix,env=prod` or an object',
};

export const deploymentSettings = { stackName, tags };
