import * as z from 'zod';
import { partitionIds } from '../../lib/domain/aws.ts';
import { BadSetting } from '../../lib/domain/problem.ts';
import { parseBaseUrl } from '../../lib/domain/urls.ts';
import { maxTrackedChannels, parseTrackedChannels } from './settings.ts';

declare module 'zod' {
  /** What a setting's schema says about itself, for messages and for docs/settings.md, beside its `description`. */
  interface GlobalMeta {
    /** Completes "must be …". Without it the message is the one of the schema. */
    accepted?: string;
    /** What the documentation says instead, where messages name the part of the value that is wrong, or must not quote it. */
    shownAccepted?: string;
    /** What the documentation calls the default, where the value does not say it. */
    shownDefault?: string;
  }
}

type SettingShape = Readonly<Record<string, z.ZodType>>;

/** `.default()` and `.optional()` wrap the schema of a kind, whose metadata counts as well. */
const infoOf = (schema: z.ZodType): z.GlobalMeta => ({
  ...(schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? infoOf(schema.unwrap() as z.ZodType) : {}),
  ...schema.meta(),
});

export const matching = (pattern: RegExp, accepted: string) => z.string().regex(pattern).meta({ accepted });

export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words).meta({ accepted: [words.slice(0, -1).join(', '), words.at(-1)].filter(Boolean).join(' or ') });

/** Environments and `-c name=value` give numbers as text. */
const numberOrText = z.union([
  z.number(),
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number),
]);

/** @param unit in the plural, such as "seconds" */
export const wholeNumber = (min: number, max: number, unit?: string) =>
  numberOrText
    .pipe(z.int().min(min).max(max))
    .meta({ accepted: `a whole number${unit === undefined ? '' : ` of ${unit}`} from ${min} to ${max}` });

export const numberAmong = (numbers: readonly number[]) =>
  numberOrText.pipe(z.literal(numbers)).meta({ accepted: `one of ${numbers.join(', ')}` });

const baseUrl = z.string().transform(parseBaseUrl).pipe(z.string());

export const httpUrl = () => baseUrl.meta({ accepted: 'an http:// or https:// URL without user, query and fragment' });

/** It is in every lock, and in a function's environment. */
const maxUrlLength = 255;

export const httpsUrl = (accepted: string) =>
  baseUrl.pipe(z.string().startsWith('https://').max(maxUrlLength)).meta({ accepted });

export const httpsOrigin = (accepted: string) =>
  httpsUrl(accepted)
    .refine((url) => url === new URL(url).origin)
    .meta({ accepted });

/** @param rest a regular expression of what follows the service: region, account and resource */
export const arn = (service: string, rest: string, accepted: string) =>
  matching(new RegExp(`^arn:${partitionIds}:${service}:${rest}$`), accepted);

/** A nested value: as it is in a JSON file, or as JSON text in an environment and after `-c`. */
export const jsonOrText = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value, context) => {
    if (typeof value !== 'string') return value;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      context.addIssue('must be JSON, in one line where it is given by -c');
      return z.NEVER;
    }
  }, schema);

const commaList = z.string().transform((text) => text.split(',').map((item) => item.trim()));

/** A list, or its items with commas between them. */
export const list = () =>
  z
    .union([commaList, z.array(z.string())])
    .pipe(z.array(z.string().min(1)).min(1))
    .meta({ accepted: 'a list, separated by commas, without empty entries' });

/** As the functions read it, so that a name that they would refuse is refused at synth. */
const channelNames = z.string().transform((text, context) => {
  try {
    return parseTrackedChannels(text);
  } catch {
    context.addIssue('must be names of channels');
    return z.NEVER;
  }
});

export const trackedChannels = () =>
  z
    .union([
      channelNames,
      jsonOrText(z.array(z.string()))
        .transform((names) => names.join())
        .pipe(channelNames),
    ])
    .meta({
      accepted: `at most ${maxTrackedChannels} names of channels, none of them "other", as a list or with commas between them`,
    });

const placeOf = (path: readonly PropertyKey[]): string =>
  path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');

/** @param nameOf a setting as its user wrote it, with which a message begins */
function badSetting(
  issue: z.core.$ZodIssue | undefined,
  shape: SettingShape,
  values: Readonly<Record<string, unknown>>,
  nameOf: (name: string) => string,
): BadSetting {
  const [key, ...path] = issue?.path ?? [];
  const name = String(key);
  const accepted = shape[name] && infoOf(shape[name]).accepted;
  if (accepted !== undefined)
    return new BadSetting(nameOf(name), `must be ${accepted}. It is ${JSON.stringify(values[name])}`);
  const place = `${nameOf(name)}${placeOf(path)}`;
  return issue?.code === 'unrecognized_keys'
    ? new BadSetting(place, `must not have the key ${JSON.stringify(issue.keys[0])}`)
    : new BadSetting(place, issue?.message ?? 'is invalid');
}

/** Settings as their schemas have them; other values are left out. @throws BadSetting for the first one that is wrong */
export function parseSettings<Shape extends SettingShape>(
  shape: Shape,
  values: Readonly<Record<string, unknown>>,
  nameOf: (name: string) => string = (name) => name,
): z.infer<z.ZodObject<Shape>> {
  const parsed = z.object(shape).safeParse(values);
  if (parsed.success) return parsed.data;
  throw badSetting(parsed.error.issues[0], shape, values, nameOf);
}

/** One row of docs/settings.md for each setting: its name, its default, what it is for, and what it accepts. */
export const settingRows = (shape: SettingShape): readonly string[] =>
  Object.entries(shape).map(([name, schema]) => {
    const { shownDefault, description, accepted, shownAccepted = accepted } = infoOf(schema);
    const value = schema.safeParse(undefined).data;
    const shown = shownDefault ?? (typeof value === 'string' ? `\`${value}\`` : String(value ?? 'none'));
    return `| \`${name}\` | ${shown} | ${description} | ${shownAccepted} |`;
  });
