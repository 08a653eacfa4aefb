import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { liblzmaFile } from '../../lib/nar/xz/liblzma.ts';

const require = createRequire(import.meta.url);

/** What a CI system and AWS are for a job. */
export interface CiServices {
  readonly origin: string;
  /** The file of the release, its URL and its hash. */
  readonly release: { readonly file: string; readonly url: string; readonly sha256: string };
  /** Requests for a token: their audience and their Authorization. */
  readonly tokens: readonly string[];
  /** What STS was asked for. */
  readonly sessions: readonly URLSearchParams[];
  readonly close: () => Promise<void>;
}

/** The keys that the stand-in of STS gives, without a session token, which the stand-in of S3 does not take. */
export const sessionKeys = { region: 'us-east-1', accessKeyId: 'WEBIDENTITY', secretAccessKey: 'secret' };

export const jobToken = 'token of the workflow';

const sts = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>
<AccessKeyId>${sessionKeys.accessKeyId}</AccessKeyId><SecretAccessKey>${sessionKeys.secretAccessKey}</SecretAccessKey>
<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;

const file = 'channelctl-9.8.7.tar.gz';

/** The command as a release has it: a single file in an archive. */
async function makeRelease(directory: string): Promise<Buffer> {
  const folder = join(directory, 'channelctl-9.8.7');
  mkdirSync(folder);
  await build({
    entryPoints: ['bin/channelctl.ts'],
    outfile: join(folder, 'channelctl.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
    },
    define: { LIBLZMA_WASM_BASE64: JSON.stringify(readFileSync(require.resolve(liblzmaFile)).toString('base64')) },
  });
  execFileSync('tar', ['-czf', join(directory, file), '-C', directory, 'channelctl-9.8.7']);
  return readFileSync(join(directory, file));
}

/** GitHub's releases, its token endpoint, and STS, in one server. */
export async function startCiServices(directory: string): Promise<CiServices> {
  const archive = await makeRelease(directory);
  const path = `/example/channels/releases/download/v9.8.7/${file}`;
  const tokens: string[] = [];
  const sessions: URLSearchParams[] = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const form = new URLSearchParams(await text(request));
    if (url.pathname === path) {
      response.end(archive);
    } else if (url.pathname === '/token' && url.searchParams.get('api-version') === '2.0') {
      tokens.push(`${url.searchParams.get('audience')} ${request.headers.authorization}`);
      response.end(JSON.stringify({ count: 1, value: jobToken }));
    } else if (form.get('WebIdentityToken') === jobToken) {
      sessions.push(form);
      response.end(sts);
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    release: { file, url: origin + path, sha256: createHash('sha256').update(archive).digest('hex') },
    tokens,
    sessions,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
