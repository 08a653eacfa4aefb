import * as https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeRequest } from '../../lib/store/read/request.ts';
import { lineLog } from '../http/log.ts';
import { required } from '../http/settings.ts';
import { createDeliveryKey } from './create-delivery-key.ts';
import { openKeySecret } from './key-secret.ts';

const { AWS_SESSION_TOKEN: sessionToken, AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint } = process.env;
const credentials = {
  accessKeyId: required(process.env, 'AWS_ACCESS_KEY_ID'),
  secretAccessKey: required(process.env, 'AWS_SECRET_ACCESS_KEY'),
  ...(sessionToken === undefined ? {} : { sessionToken }),
};
const request = nodeRequest(https);

export const handler = createDeliveryKey({
  openSecret: (arn) => openKeySecret({ arn, endpoint, credentials, request }),
  // As bytes, because for a text `fetch` would add a Content-Type, which the URL's signature does not have.
  put: (url, body) => fetch(url, { method: 'PUT', body: Buffer.from(body), signal: AbortSignal.timeout(5_000) }),
  sleep,
  log: lineLog((line) => void process.stdout.write(line), { function: 'delivery-key' }),
});
