import { isObject, quoted } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';
import { runNix } from '../netrc/find.ts';
import { type ReaderFinding, readerFinding } from './reader-finding.ts';

/** An input of a flake.lock that comes from an address. */
export interface LockedInput {
  /** Of its node; no path that a command takes. */
  readonly name: string;
  /** As `nix flake update` takes it, such as `a/b`; undefined where the root does not lead to it. */
  readonly path: string | undefined;
  readonly locked: URL;
  readonly original: URL | undefined;
  /** Whether either held credentials; they are taken out. */
  readonly hadCredentials: boolean;
}

type Json = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Json => (isObject(value) ? value : {});

function urlOf(value: unknown): URL | undefined {
  const { url } = objectOf(value);
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  return parsed !== undefined && ['http:', 'https:'].includes(parsed.protocol) ? parsed : undefined;
}

/** The shortest path of inputs to each node. What is an array instead of a name follows another input (Nix manual, `nix flake`). */
function pathsOf(nodes: Json, root: string): ReadonlyMap<string, string> {
  const paths = new Map([[root, '']]);
  for (const [name, path] of paths)
    for (const [input, node] of Object.entries(objectOf(objectOf(nodes[name]).inputs)))
      if (typeof node === 'string' && !paths.has(node)) paths.set(node, path === '' ? input : `${path}/${input}`);
  return paths;
}

/** The inputs of a flake.lock that have to do with a host. @param path for messages alone */
export function lockedInputs(text: string, host: string, path: string): LockedInput[] {
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch {
    throw new InvalidInput('lock', `${path} is not JSON, and so no flake.lock.`);
  }
  const { nodes, root } = objectOf(lock);
  if (!isObject(nodes)) throw new InvalidInput('lock', `${path} has no "nodes", and so is no flake.lock.`);
  const paths = pathsOf(nodes, typeof root === 'string' ? root : 'root');
  return Object.entries(nodes).flatMap(([name, node]) => {
    const [locked, original] = [urlOf(objectOf(node).locked), urlOf(objectOf(node).original)];
    const given = [locked, original].filter((url) => url !== undefined);
    const hadCredentials = given.some(({ username, password }) => username !== '' || password !== '');
    for (const url of given) Object.assign(url, { username: '', password: '' });
    const isOurs = locked?.hostname === host || original?.hostname === host;
    return locked !== undefined && isOurs ? [{ name, path: paths.get(name), locked, original, hadCredentials }] : [];
  });
}

/** Whether a URL is signed: for S3, in either spelling, or for CloudFront. */
const isSigned = ({ searchParams }: URL): boolean =>
  ['X-Amz-Signature', 'x-amz-signature', 'Key-Pair-Id'].some((name) => searchParams.has(name));

export const inputSubject = ({ name, path }: LockedInput): string => `input ${quoted(path ?? name)}`;

/** Whether the lock of an input can live, as far as its address tells. */
export function checkLock(input: LockedInput, base: string): ReaderFinding[] {
  const { locked, hadCredentials } = input;
  const subject = inputSubject(input);
  const update = `Lock it again: nix flake update${input.path === undefined ? '' : ` ${quoted(input.path)}`}.`;
  const found: ReaderFinding[] = [];
  if (hadCredentials)
    found.push(
      readerFinding(
        'lock-credentials',
        subject,
        'Its address holds credentials, and everybody with the flake has them.',
        'Have the token revoked, take it out of the address, and run channelctl login.',
      ),
    );
  if (isSigned(locked))
    found.push(
      readerFinding(
        'lock-expiring',
        subject,
        'It locks a signed URL, which lives for minutes.',
        `Give the tool the address under /channel/. ${update}`,
      ),
    );
  else if (locked.href.startsWith(`${base}/channel/`))
    found.push(
      readerFinding(
        'lock-floating',
        subject,
        'It locks the channel itself, not a release: it breaks with the next one. Nix got no Link that it takes, or takes this for a plain file.',
        `Nix locks tarballs alone. ${update}`,
      ),
    );
  else if (!locked.href.startsWith(`${base}/permanent/`))
    found.push(
      readerFinding(
        'lock-elsewhere',
        subject,
        `It locks an address under ${locked.origin}, not under ${base}/permanent/.`,
        `If the base URL has changed since, ${update.charAt(0).toLowerCase()}${update.slice(1)}`,
      ),
    );
  return found;
}

/** The oldest Nix that locks what a channel's Link names. */
const oldest = { major: 2, minor: 17 };

/**
 * The version of the Nix on PATH; undefined without one. It prints "nix (Nix) 2.34.8"; its relatives print theirs in the same
 * place, as in "nix (Determinate Nix 3.8.5) 2.30.1".
 */
export async function findNixVersion(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const printed = await runNix(['--version'], environment);
  return /\s(\d+\.\d+\S*)$/.exec(printed?.split('\n')[0] ?? '')?.[1];
}

export function checkNix(version: string | undefined): ReaderFinding[] {
  if (version === undefined) return [];
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return [];
  const needed = `${oldest.major}.${oldest.minor}`;
  return [
    readerFinding(
      'nix-old',
      'nix',
      `Nix ${version} on this machine is too old to lock a release: it locks the address of the channel, and the lock breaks with the next release.`,
      `Use Nix ${needed} or newer for flakes.`,
    ),
  ];
}
