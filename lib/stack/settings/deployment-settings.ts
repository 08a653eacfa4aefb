import { accept } from './accept.ts';
import type { Setting } from './setting.ts';

const stackName: Setting<string> = {
  ...accept.matching(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, '1–128 letters, digits and hyphens that begin with a letter'),
  fallback: 'NixChannelStack',
  about: 'letters, digits and hyphens; a second stack of the account gets another',
};

export const deploymentSettings = { stackName };
