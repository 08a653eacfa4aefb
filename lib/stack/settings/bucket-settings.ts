import { accept } from './accept.ts';
import type { Setting } from './setting.ts';

// With its path, where it has one: roles of IAM Identity Center do. No wildcards: the policy compares with ArnNotLike.
const breakGlassRoleName: Setting<string> = {
  ...accept.matching(
    /^(?:[\w+=,.@-]{1,128}\/){0,8}[\w+=,.@-]{1,64}$/,
    'the name of a role in this account, with its path if it has one',
  ),
  fallback: 'nix-channel-break-glass',
  about: 'the one role of this account that may delete objects; it need not exist',
};

export const bucketSettings = { breakGlassRoleName };
