import { accept } from './accept.ts';
import type { Setting } from './setting.ts';

const baseUrl: Setting<string | undefined> = {
  ...accept.httpsUrl('an https:// URL without user, query and fragment, such as https://channels.example.org'),
  fallback: undefined,
  standard: "the API's own domain",
  about: 'an https URL, perhaps with a path, under which readers reach the API',
};

export const apiSettings = { baseUrl };
