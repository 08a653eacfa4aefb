import { isObject } from '../../domain/is-object.ts';
import { InvalidInput } from '../../domain/problem.ts';

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
