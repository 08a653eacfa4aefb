import { isObject, isText } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';

/** What a flake.lock has for an input. What it does not say is absent. */
export interface FlakeInput {
  /** From the flake itself, such as `nixpkgs` or `home-manager/nixpkgs`. */
  readonly path: string;
  /** Where it comes from, such as `github:NixOS/nixpkgs` or a URL; absent where it follows another input. */
  readonly source?: string;
  readonly rev?: string;
  /** Seconds since 1970. */
  readonly lastModified?: number;
  readonly narHash?: string;
  /** The path of the input that it follows. */
  readonly follows?: string;
}

export interface InputChanges {
  readonly added: readonly FlakeInput[];
  readonly removed: readonly FlakeInput[];
  readonly changed: readonly { readonly path: string; readonly from: FlakeInput; readonly to: FlakeInput }[];
}

type Json = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Json => (isObject(value) ? value : {});

/** Nix 2.26 and 2.34 read these (src/libflake/lockfile.cc). */
const versions: readonly unknown[] = [5, 6, 7];

/** As a flake reference begins, without what says which version it is. */
function sourceOf({ type, owner, repo, host, url, path, id }: Json): string | undefined {
  const [own, where] = [
    isText(owner) && isText(repo) ? `${owner}/${repo}` : undefined,
    isText(host) ? `?host=${host}` : '',
  ];
  if (isText(type) && own !== undefined) return `${type}:${own}${where}`;
  if (isText(url)) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    // Who has the archive has these as well, but what is printed ends up in logs.
    if (parsed !== undefined) Object.assign(parsed, { username: '', password: '' });
    const shown = parsed === undefined || !/@/.test(url) ? url : parsed.href;
    return ['git', 'hg'].some((each) => each === type) ? `${type}+${shown}` : shown;
  }
  if (isText(path)) return `path:${path}`;
  return isText(id) ? `flake:${id}` : undefined;
}

/** In version 5 the hash and the time of a node are in `info`. */
function inputOf(path: string, node: Json): FlakeInput {
  const attributes = { ...objectOf(node.locked), ...objectOf(node.info) };
  const source = sourceOf(attributes);
  const { rev, lastModified, narHash } = attributes;
  return {
    path,
    ...(source === undefined ? {} : { source }),
    ...(isText(rev) ? { rev } : {}),
    ...(typeof lastModified === 'number' && Number.isFinite(lastModified) ? { lastModified } : {}),
    ...(isText(narHash) ? { narHash } : {}),
  };
}

function parseLock(text: string, release: string): { readonly nodes: Json; readonly root: string } {
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch {
    throw new InvalidInput('flake.lock', `The flake.lock of ${release} is not JSON.`);
  }
  const { nodes, root, version } = objectOf(lock);
  if (!versions.includes(version))
    throw new InvalidInput('flake.lock', `The flake.lock of ${release} has none of the versions 5, 6 and 7.`);
  return { nodes: objectOf(nodes), root: isText(root) ? root : 'root' };
}

/** A real lock has a few thousand characters; one that is made for it could ask for the square of its size. */
const maxPathCharacters = 8 * 1024 ** 2;

/**
 * The inputs of a flake.lock by their paths. A node that several inputs lead to is in it once, by its shortest path, and so a
 * lock cannot ask for more work than it has nodes.
 * @param release for messages only
 */
export function flakeInputs(text: string, release: string): ReadonlyMap<string, FlakeInput> {
  const { nodes, root } = parseLock(text, release);
  const nodeOf = (name: string): Json => (Object.hasOwn(nodes, name) ? objectOf(nodes[name]) : {});
  const inputs = new Map<string, FlakeInput>();
  const paths = new Map([[root, '']]);
  let characters = 0;
  for (const [name, path] of paths)
    for (const [input, target] of Object.entries(objectOf(nodeOf(name).inputs)).sort(([one], [other]) =>
      one < other ? -1 : 1,
    )) {
      const own = path === '' ? input : `${path}/${input}`;
      characters += own.length;
      if (characters > maxPathCharacters)
        throw new InvalidInput('flake.lock', `The flake.lock of ${release} has inputs that are too deep.`);
      if (Array.isArray(target)) inputs.set(own, { path: own, follows: target.filter(isText).join('/') });
      else if (isText(target) && !paths.has(target)) {
        paths.set(target, own);
        inputs.set(own, inputOf(own, nodeOf(target)));
      }
    }
  return inputs;
}

const identity = ({ source, rev, lastModified, narHash, follows }: FlakeInput): string =>
  JSON.stringify([source, rev, lastModified, narHash, follows]);

export function compareInputs(
  before: ReadonlyMap<string, FlakeInput>,
  after: ReadonlyMap<string, FlakeInput>,
): InputChanges {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  const pairs = paths.map((path) => ({ path, from: before.get(path), to: after.get(path) }));
  return {
    added: pairs.flatMap(({ from, to }) => (from === undefined && to !== undefined ? [to] : [])),
    removed: pairs.flatMap(({ from, to }) => (to === undefined && from !== undefined ? [from] : [])),
    changed: pairs.flatMap(({ path, from, to }) =>
      from === undefined || to === undefined || identity(from) === identity(to) ? [] : [{ path, from, to }],
    ),
  };
}
