import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import * as z from 'zod/mini';
import { assertChannelName } from '../domain/names.ts';
import { BadSetting } from '../domain/problem.ts';
import type { ServerPublisher } from './publisher-keys.ts';

const words = (pattern: RegExp, accepted: string) =>
  z.string(`be ${accepted}`).check(z.regex(pattern, `be ${accepted}`));
const list = <Item extends z.ZodMiniType>(item: Item) => z._default(z.array(item, 'be a list'), []);
const channel = z.string('be the name of a channel');

const publisherList = z.array(
  z.strictObject(
    {
      name: words(/^[A-Za-z][A-Za-z0-9-]{0,39}$/, '1–40 letters, digits and hyphens that begin with a letter'),
      accessKeyId: words(/^[\w.-]{1,128}$/, '1–128 letters, digits and . _ -'),
      secretAccessKeyFile: words(/^./, 'the path of a file'),
      channels: list(channel),
      retire: z.optional(z.boolean('be true or false')),
      promotions: list(z.strictObject({ from: channel, to: channel }, 'be {"from": CHANNEL, "to": CHANNEL}')),
      administrator: z._default(z.boolean('be true or false'), false),
    },
    'be an object',
  ),
  'be a list of publishers, in JSON',
);

const setting = '--publishers';

export interface FileRules {
  /** The user that this process runs as. */
  readonly uid: number;
  /** Where systemd puts credentials (`CREDENTIALS_DIRECTORY`); their owner may be root, with an ACL for the unit's user. */
  readonly credentialsDirectory?: string | undefined;
}

/** Why a file is not secret, as the end of a sentence; undefined where only its owner can read it. */
export function exposure(
  path: string,
  { mode, uid }: { readonly mode: number; readonly uid: number },
  rules: FileRules,
): string | undefined {
  const { credentialsDirectory } = rules;
  if (
    credentialsDirectory !== undefined &&
    path.startsWith(credentialsDirectory + sep) &&
    (uid === 0 || uid === rules.uid)
  )
    return (mode & 0o027) === 0 ? undefined : 'can be read by other users';
  if (uid !== rules.uid) return 'belongs to another user: chown it to the user that the server runs as';
  const bits = mode & 0o7777;
  return bits === 0o600 || bits === 0o400
    ? undefined
    : `has the mode 0${bits.toString(8).padStart(3, '0')}, and must be readable by its owner only: chmod 600 ${path}`;
}

/** @throws BadSetting */
export function readSecretFile(path: string, what: string, rules: FileRules): string {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new BadSetting(setting, `${what} ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new BadSetting(setting, `${what} ${path} is not a regular file`);
    const exposed = exposure(path, stat, rules);
    if (exposed !== undefined) throw new BadSetting(setting, `${what} ${path} ${exposed}`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

const placeOf = (path: readonly PropertyKey[]): string =>
  path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');

function parsed(text: string, path: string): z.infer<typeof publisherList> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes what it read.
    throw new BadSetting(setting, `${path} must be JSON`);
  }
  const { success, data, error } = publisherList.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  const place = `${path}${placeOf(issue?.path ?? [])}`;
  throw issue?.code === 'unrecognized_keys'
    ? new BadSetting(setting, `${place} must not have the field ${JSON.stringify(issue.keys[0])}`)
    : new BadSetting(setting, `${place} must ${issue?.message ?? 'be valid'}`);
}

function checkRights({
  name,
  channels,
  retire,
  promotions,
  administrator,
}: Omit<ServerPublisher, 'secretAccessKey'>): void {
  const named = [...channels, ...promotions.flatMap(({ from, to }) => [from, to])];
  for (const one of named) {
    try {
      assertChannelName(one);
    } catch (error) {
      throw new BadSetting(setting, `(${name}) must name channels: ${(error as Error).message.replace(/\.$/, '')}`);
    }
  }
  if (administrator && named.length > 0)
    throw new BadSetting(setting, `(${name}) must not list channels or promotions: an administrator has all of them`);
  if (!administrator && named.length === 0)
    throw new BadSetting(setting, `(${name}) must have channels, promotions or "administrator": true`);
  if (retire === true && channels.length === 0)
    throw new BadSetting(
      setting,
      `(${name}) must have channels for "retire": true${administrator ? ', or leave it out: an administrator has that right' : ''}`,
    );
}

function refuseRepeated(publishers: readonly { readonly name: string; readonly accessKeyId: string }[]): void {
  for (const field of ['name', 'accessKeyId'] as const) {
    const values = publishers.map((one) => one[field]);
    const repeated = values.find((value, index) => values.indexOf(value) !== index);
    if (repeated !== undefined) throw new BadSetting(setting, `has the ${field} ${repeated} twice`);
  }
}

/**
 * Reads who may publish, and their secrets from the files that it names (relative to its own folder). All of these must be
 * readable by this user only.
 * @throws BadSetting
 */
export function readPublishers(path: string, rules: FileRules): readonly ServerPublisher[] {
  const listed = parsed(readSecretFile(path, 'names', rules), path);
  if (listed.length === 0) throw new BadSetting(setting, `${path} must name at least one publisher, or be left out`);
  refuseRepeated(listed);
  return listed.map(({ secretAccessKeyFile, ...publisher }) => {
    checkRights(publisher);
    const secretPath = resolve(dirname(path), secretAccessKeyFile);
    const secret = readSecretFile(secretPath, `(${publisher.name}) names`, rules).trimEnd();
    if (!/^[\x21-\x7e]{16,}$/.test(secret))
      throw new BadSetting(
        setting,
        `(${publisher.name}) needs a secret of at least 16 characters without blanks in ${secretPath}`,
      );
    return { ...publisher, secretAccessKey: secret };
  });
}
