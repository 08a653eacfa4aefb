import * as http from 'node:http';
import type { LocalSettings } from '../../lib/local/local-settings.ts';
import { localPublisher } from '../../lib/local/local-settings.ts';
import { againstRealStore, startTestSystem, type TestSystem } from './test-system.ts';

export interface TwoFunctions {
  /** Where readers ask: one of the functions answers for channels, the other for releases. */
  readonly baseUrl: string;
  /** Publishes, and reads each record anew. */
  readonly channels: TestSystem;
  /** Believes what it read for an hour. */
  readonly releases: TestSystem;
  readonly close: () => Promise<void>;
}

/** Two sandboxes of the serve function that know nothing of each other, with one bucket and one address. */
export async function twoFunctions(overrides: Partial<LocalSettings> = {}): Promise<TwoFunctions> {
  const origins: Record<string, string> = {};
  const front = http.createServer((request, response) => {
    const { method, url = '', headers } = request;
    const { hostname, port } = new URL(origins[url.split('/')[1] ?? ''] ?? 'http://127.0.0.1:1');
    const onward = http.request({ hostname, port, method, path: url, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(front.address() as { readonly port: number }).port}`;
  const channels = await startTestSystem({ baseUrl, ...overrides });
  const { region, ...keys } = localPublisher;
  const credentials = againstRealStore
    ? {
        accessKeyId: process.env.AWS_ACCESS_KEY_ID as string,
        secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY as string,
      }
    : keys;
  const store = { endpoint: channels.endpoint, region, credentials };
  const { bucket } = channels;
  const releases = await startTestSystem({ baseUrl, bucket, store, channelMaxAge: 3_600_000, ...overrides });
  origins.channel = channels.origin;
  origins.permanent = releases.origin;
  return {
    baseUrl,
    channels,
    releases,
    async close() {
      await new Promise<void>((resolve) => {
        front.close(() => resolve());
        front.closeAllConnections();
      });
      await releases.close();
      await channels.close();
    },
  };
}
