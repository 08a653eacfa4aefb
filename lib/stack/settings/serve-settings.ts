import { accept } from './accept.ts';
import type { Setting } from './setting.ts';

const channelMaxAgeSeconds: Setting<number> = {
  ...accept.wholeNumber('seconds', 0, 3600),
  fallback: 30,
  about: '0 to 3600: how long a published release may stay unseen',
};

export const serveSettings = { channelMaxAgeSeconds };
