import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

const folder = new URL('../lib/stack/configurations/', import.meta.url);

/** By name: contexts of a deployment, which are also synthesized by the CDK's own command and read by cfn-lint. */
export const stackConfigurations: Readonly<Record<string, Record<string, unknown>>> = Object.fromEntries(
  readdirSync(folder).map((file) => [
    basename(file, '.json'),
    JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Record<string, unknown>,
  ]),
);
