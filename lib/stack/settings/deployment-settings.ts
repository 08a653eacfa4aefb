import { accept } from './accept.ts';
import { parseTags, type ResourceTags } from './parse-tags.ts';
import type { Setting } from './setting.ts';

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
