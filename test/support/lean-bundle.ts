import { isBuiltin } from 'node:module';
import type { Metafile } from 'esbuild';

type Outputs = Metafile['outputs'];

/** What a service loads while it starts: everybody may read, tokens are checked, or a key is in a secret. */
export type Service = 'open' | 'private' | 'secret';

/** The largest bytes that a service may load while it starts. */
const maxBytes: Readonly<Record<Service, number>> = { open: 60_000, private: 84_000, secret: 66_000 };

/** What is loaded beside what every service loads. */
const more: Readonly<Record<Service, string | undefined>> = {
  open: undefined,
  private: 'lambda/serve/with-tokens.ts',
  secret: 'lambda/serve/with-secret.ts',
};

// Any client of the SDK, every provider of credentials with its dependencies, and zod.
const heavyPackage =
  /(?:^|\/)node_modules\/(@aws-sdk\/(?:client-[^/]+|credential-providers?(?:-[^/]+)?|token-providers|nested-clients)|@smithy\/credential-provider-[^/]+|zod)\//;

const bare = (module: string): string => module.replace(/^node:/, '');

/** A file of a bundle and those that it imports before it runs, by their paths. */
function loadedWith(path: string, outputs: Outputs, known: readonly string[] = []): readonly string[] {
  if (known.includes(path)) return known;
  const imports = outputs[path]?.imports.filter(({ kind, external }) => kind === 'import-statement' && !external) ?? [];
  return imports.reduce<readonly string[]>((found, { path }) => loadedWith(path, outputs, found), [...known, path]);
}

/** The files of a bundle of the read function that a service loads while it starts, by their paths. */
export function loadedBy(service: Service, { outputs }: Pick<Metafile, 'outputs'>): readonly string[] {
  const late = Object.values(outputs)
    .flatMap(({ imports }) => imports)
    .filter(({ kind }) => kind === 'dynamic-import')
    .map(({ path }) => path);
  const entries = Object.entries(outputs).filter(
    ([path, { entryPoint }]) => entryPoint !== undefined && (!late.includes(path) || entryPoint === more[service]),
  );
  return entries.reduce<readonly string[]>((found, [path]) => loadedWith(path, outputs, found), []);
}

export const loadedBytes = (service: Service, { outputs }: Pick<Metafile, 'outputs'>): number =>
  loadedBy(service, { outputs }).reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0);

/**
 * Modules that make the read function slow to start, in any file of its bundle, as sentences. A metafile's `inputs` name files
 * that tree shaking dropped again, so only its outputs count.
 */
export const heavyModules = ({ outputs }: Pick<Metafile, 'outputs'>): readonly string[] => [
  ...new Set(
    Object.values(outputs).flatMap(({ imports, inputs }) => {
      const external = imports.filter((entry) => entry.external).map(({ path }) => path);
      const packages = Object.entries(inputs)
        .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
        .flatMap(([path]) => heavyPackage.exec(path)?.[1] ?? []);
      return [
        ...external.filter((module) => !isBuiltin(module)).map((module) => `leaves ${module} external`),
        ...external.filter((module) => bare(module) === 'http').map((module) => `imports ${module}`),
        ...[...new Set(packages)].sort().map((name) => `contains ${name}`),
      ];
    }),
  ),
];

/** What makes a bundle of the read function too heavy, as sentences; none when it is lean. */
export const heavyFindings = (metafile: Pick<Metafile, 'outputs'>): readonly string[] => [
  ...heavyModules(metafile),
  ...(['open', 'private', 'secret'] as const).flatMap((service) => {
    const bytes = loadedBytes(service, metafile);
    const max = maxBytes[service];
    return bytes > max ? [`makes a service (${service}) load ${bytes} bytes, more than ${max}`] : [];
  }),
];
