import { accept } from './accept.ts';
import type { Setting } from './setting.ts';

// Readers are sent to presigned URLs at this endpoint, and the functions send it their session token.
const s3Endpoint: Setting<string | undefined> = {
  ...accept.httpsOrigin(
    'an https:// origin without a path, such as https://s3.dualstack.eu-central-1.amazonaws.com; http:// is refused',
  ),
  fallback: undefined,
  standard: "Amazon's for the region",
  about: 'an https origin of S3, such as a dual-stack one',
};

export const storeSettings = { s3Endpoint };
