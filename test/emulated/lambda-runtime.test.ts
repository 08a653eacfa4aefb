import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as http from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { measureTask, routeKey, routes } from '../../lib/api/routes.ts';
import { signedHeaders } from '../../lib/client/api/http.ts';
import { type Gateway, startGateway } from '../../lib/local/gateway/start-gateway.ts';
import { localPublisher } from '../../lib/local/local-settings.ts';
import { type RunningS3, startS3 } from '../../lib/local/s3/server.ts';
import { Sha256 } from '../../lib/store/read/presign.ts';
import { freePort } from '../support/free-port.ts';
import { gatewayEvent } from '../support/gateway-event.ts';
import { localhostCertificate } from '../support/localhost-tls.ts';
import { sha256 } from '../support/memory-bucket.ts';
import { type RawAnswer, rawRequest } from '../support/raw-request.ts';
import { readable } from '../support/readable.ts';
import { channelApp } from '../support/synth-stack.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';
import { type TlsFront, tlsFront } from '../support/tls-front.ts';

/**
 * A folder with AWS's own runtime: `aws-lambda-rie`, the runtime interface emulator, and `node_modules/aws-lambda-ric`, the runtime
 * interface client that Lambda's images of Node hold. `.ci/lambda-runtime` makes it.
 */
const runtime = process.env.LAMBDA_RUNTIME;
const { region, ...keys } = localPublisher;

interface RunningFunction {
  readonly invoke: (event: unknown) => Promise<APIGatewayProxyStructuredResultV2 & { readonly errorType?: string }>;
  /** What the function itself wrote, without what the emulator adds. */
  readonly lines: () => readonly string[];
  /** Milliseconds that its first request took, with which the emulator starts it. */
  readonly first: () => number;
  readonly close: () => Promise<void>;
}

interface Lambda {
  readonly Type: string;
  readonly Properties: {
    readonly Handler: string;
    readonly Code: { readonly S3Key: string };
    readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
  };
}

function post(port: number, body: string): Promise<string> {
  const path = '/2015-03-31/functions/function/invocations';
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, method: 'POST', agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString()));
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** The lines that the emulator prints of its own, as Lambda does, and those of its log. */
const ofEmulator = /^(?:START|END|REPORT|INIT_START) |^\d\d \w{3} \d{4} /;

async function startFunction(
  folder: string,
  handler: string,
  environment: Readonly<Record<string, string>>,
): Promise<RunningFunction> {
  const [port, runtimePort] = [Number(await freePort()), await freePort()];
  const child: ChildProcess = spawn(
    join(runtime ?? '', 'aws-lambda-rie'),
    [
      ...['--log-level', 'error'],
      ...['--runtime-interface-emulator-address', `127.0.0.1:${port}`],
      ...['--runtime-api-address', `127.0.0.1:${runtimePort}`],
      ...[process.execPath, join(runtime ?? '', 'node_modules/aws-lambda-ric/index.mjs'), handler],
    ],
    {
      cwd: folder,
      env: { LAMBDA_TASK_ROOT: folder, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const ended = once(child, 'close');
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => chunks.push(chunk));
  let first: number | undefined;
  return {
    async invoke(event) {
      for (let tries = 0; ; tries += 1) {
        const began = performance.now();
        try {
          const answer = await post(port, JSON.stringify(event));
          first ??= performance.now() - began;
          return JSON.parse(answer);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED' || tries > 1_000) throw error;
          await sleep(50);
        }
      }
    },
    lines: () =>
      Buffer.concat(chunks)
        .toString()
        .split('\n')
        .filter((line) => line !== '' && !ofEmulator.test(line)),
    first: () => first ?? Number.NaN,
    async close() {
      child.kill();
      // Not before the function itself has let go of its output.
      await ended;
    },
  };
}

/** The functions of a synthesized stack, as `startFunction` wants them. */
function deployed(context: Readonly<Record<string, unknown>>) {
  const { directory, stacks } = channelApp({ ...context }, { bundle: true }).synth();
  const resources = Object.entries<Lambda>(stacks[0]?.template.Resources);
  return (prefix: string, environment: Readonly<Record<string, string>>): Promise<RunningFunction> => {
    const [, lambda] =
      resources.find(([id, { Type }]) => Type === 'AWS::Lambda::Function' && id.startsWith(prefix)) ?? [];
    if (lambda === undefined) throw new Error(`the stack has no function ${prefix}`);
    const { Code, Environment, Handler } = lambda.Properties;
    const variables = readable(Environment.Variables) as Record<string, string>;
    const folder = join(directory, `asset.${Code.S3Key.replace(/\.zip$/, '')}`);
    return startFunction(folder, Handler, { ...variables, ...environment });
  };
}

interface Asked {
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is asked of each route, in an order in which each finds what it needs. The operations' ids are the same on both sides. */
const operation = (name: string): string => `operation-${name}`;
const bytes = { 'demo-1': 'one', 'demo-2': 'another' } as const;
const upload = (release: keyof typeof bytes) => ({
  operation: operation(release),
  release,
  size: bytes[release].length,
  sha256: sha256(bytes[release]),
  partSha256s: [sha256(bytes[release], 'base64')],
});

const asked: readonly (readonly [string, Asked])[] = [
  ['POST /publish/catalog', { path: '/publish/catalog', body: { operation: operation('add'), channel: 'demo' } }],
  ['POST /publish/catalog', { path: '/publish/catalog', body: { operation: operation('add-2'), channel: 'other' } }],
  ['GET /publish/catalog', { path: '/publish/catalog' }],
  [
    'PATCH /publish/catalog/{channel}',
    { path: '/publish/catalog/demo', body: { operation: operation('set'), maxAge: 60 } },
  ],
  ['POST /publish/channels/{channel}/uploads', { path: '/publish/channels/demo/uploads', body: upload('demo-1') }],
  ['GET /publish/channels/{channel}/uploads/{id}', { path: `/publish/channels/demo/uploads/${operation('demo-1')}` }],
  [
    'POST /publish/channels/{channel}/releases',
    { path: '/publish/channels/demo/releases', body: { operation: operation('demo-1'), upload: operation('demo-1') } },
  ],
  ['POST /publish/channels/{channel}/uploads', { path: '/publish/channels/demo/uploads', body: upload('demo-2') }],
  [
    'POST /publish/channels/{channel}/releases',
    { path: '/publish/channels/demo/releases', body: { operation: operation('demo-2'), upload: operation('demo-2') } },
  ],
  ['GET /channel/{channel}', { path: '/channel/demo.tar.xz' }],
  ['HEAD /channel/{channel}', { path: '/channel/demo.tar.xz' }],
  ['GET /channel/{channel}', { path: '/channel/demo' }],
  ['GET /channel/{channel}', { path: '/channel/demo.json?after=demo-2' }],
  ['GET /', { path: '/' }],
  ['HEAD /', { path: '/' }],
  ['GET /index.json', { path: '/index.json' }],
  ['HEAD /index.json', { path: '/index.json' }],
  ['GET /flake-registry.json', { path: '/flake-registry.json' }],
  ['HEAD /flake-registry.json', { path: '/flake-registry.json' }],
  ['GET /channel/{channel}', { path: '/channel/none.tar.xz?x=%2F&x=2' }],
  ['GET /channel/{channel}', { path: '/channel/none', headers: { accept: 'text/html' } }],
  ['HEAD /channel/{channel}', { path: '/channel/none', headers: { accept: 'text/html' } }],
  ['GET /channel/{channel}/{file}', { path: '/channel/demo/nixexprs.tar.xz' }],
  ['HEAD /channel/{channel}/{file}', { path: '/channel/demo/nixexprs.tar.xz' }],
  ['GET /permanent/{release}', { path: '/permanent/demo-2.tar.xz' }],
  ['GET /permanent/{release}', { path: '/permanent/a%2Bb.tar.xz', headers: { cookie: 'a=1; b=2' } }],
  ['HEAD /permanent/{release}', { path: '/permanent/demo-1.tar.xz' }],
  [
    'POST /publish/channels/{channel}/rollback',
    {
      path: '/publish/channels/demo/rollback',
      body: { operation: operation('rollback'), from: 'demo-2', to: 'demo-1' },
    },
  ],
  [
    'POST /publish/channels/{channel}/yank',
    {
      path: '/publish/channels/demo/yank',
      body: { operation: operation('yank'), release: 'demo-2', reason: 'öld “bytes”' },
    },
  ],
  [
    'POST /publish/promotions/{from}/{to}',
    { path: '/publish/promotions/demo/other', body: { operation: operation('promote'), release: 'demo-1' } },
  ],
  [
    'POST /publish/pins/{channel}',
    { path: '/publish/pins/demo', body: { operation: operation('pin'), release: 'demo-1', reason: 'needed' } },
  ],
  [
    'POST /publish/retirements/{channel}',
    {
      path: '/publish/retirements/demo',
      body: { operation: operation('retire'), releases: ['demo-2'], reason: 'öld “bytes”' },
    },
  ],
  ['GET /permanent/{release}', { path: '/permanent/demo-2.tar.xz' }],
  [
    'POST /publish/takedowns/{channel}',
    { path: '/publish/takedowns/demo', body: { operation: operation('takedown'), release: 'demo-2', reason: 'law' } },
  ],
  ['GET /publish/channels/{channel}', { path: '/publish/channels/demo?after=' }],
  [
    'POST /publish/revocations',
    { path: '/publish/revocations', body: { operation: operation('revoke'), jti: 'lost', until: 4_000_000_000 } },
  ],
  ['GET /publish/revocations', { path: '/publish/revocations' }],
  ['GET /publish/doctor', { path: '/publish/doctor' }],
  ['POST /publish/doctor', { path: '/publish/doctor', body: { operation: operation('mend') } }],
  ['DELETE /publish/catalog/{channel}', { path: '/publish/catalog/other', body: { operation: operation('remove') } }],
  [
    'POST /publish/catalog/{channel}/restore',
    { path: '/publish/catalog/other/restore', body: { operation: operation('restore') } },
  ],
  ['POST /publish/catalog', { path: '/publish/catalog', body: { nonsense: true } }],
];

const signer = new SignatureV4({ service: 'execute-api', region, credentials: keys, sha256: Sha256 });

async function ask(origin: string, route: string, { path, body, headers = {} }: Asked): Promise<RawAnswer> {
  const [method = ''] = route.split(' ');
  const text = body === undefined ? undefined : JSON.stringify(body);
  const signed = path.startsWith('/publish/')
    ? await signedHeaders(signer, { method, url: new URL(origin + path), body: text })
    : {};
  return rawRequest(origin, path, {
    method,
    headers: { ...headers, ...signed },
    ...(text === undefined ? {} : { body: text }),
  });
}

/** Puts the first part as the answer to an opened upload says, to the stand-in itself. */
async function putPart(answer: RawAnswer, origin: string, body: string): Promise<void> {
  const [part] = JSON.parse(answer.text).parts;
  const { pathname, search, host } = new URL(part.url);
  const put = await rawRequest(origin, pathname + search, { method: 'PUT', headers: { ...part.headers, host }, body });
  expect(put.status).toBe(200);
}

/** An answer without what differs from run to run: times, ids of S3, signatures, and the names of the two sides. */
function comparable({ status, headers, text }: RawAnswer, names: readonly (readonly [string, string])[]): object {
  const { date: _, connection, 'keep-alive': __, 'transfer-encoding': ___, ...rest } = headers;
  let all = JSON.stringify({ status, headers: rest, text });
  for (const [from, to] of names) all = all.replaceAll(from, to);
  return JSON.parse(
    all
      .replace(/X-Amz-(Signature|Date|Credential|Security-Token)=[^&"\\]*/g, 'X-Amz-$1=')
      .replace(/uploadId=[^&"\\]*/g, 'uploadId=')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME')
      .replace(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, 'DATE')
      .replace(/"content-length":"\d+"/, '"content-length":"N"')
      // Of a document, which has times.
      .replace(/"etag":"\\"[\w-]{43}\\""/, '"etag":"HASH"'),
  );
}

if (runtime === undefined)
  it.skip("the functions under AWS's own runtime, in the folder that LAMBDA_RUNTIME names", () => {});
else
  describe("the functions under AWS's own runtime", () => {
    let directory: TemporaryDirectory;
    let s3: RunningS3;
    let front: TlsFront;
    let local: TestSystem;
    let other: TestSystem;
    let gateway: Gateway;
    let start: ReturnType<typeof deployed>;
    let environment: Readonly<Record<string, string>>;
    let serve: RunningFunction;
    let publish: RunningFunction;
    const answers: {
      readonly route: string;
      readonly path: string;
      readonly local: object;
      readonly lambda: object;
    }[] = [];

    beforeAll(async () => {
      directory = temporaryDirectory();
      s3 = await startS3({
        dataDir: join(directory.path, 'bucket'),
        hosts: ['127.0.0.1', '::1'],
        port: 0,
        region,
        credentials: (id) => (id === keys.accessKeyId ? keys.secretAccessKey : undefined),
      });
      const endpoint = `http://localhost:${s3.port}`;
      const store = { endpoint, region, credentials: keys };
      local = await startTestSystem({ store });
      other = await startTestSystem({ store });
      front = await tlsFront(endpoint);
      start = deployed({ stackName: 'local', channelMaxAgeSeconds: 0 });
      const baseUrl = 'https://nix.example.org';
      environment = {
        BUCKET: other.bucket,
        BASE_URL: baseUrl,
        S3_ENDPOINT: front.endpoint,
        NODE_EXTRA_CA_CERTS: localhostCertificate,
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
        AWS_LAMBDA_FUNCTION_NAME: 'function',
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
        AWS_LAMBDA_LOG_GROUP_NAME: 'log',
        AWS_LAMBDA_LOG_STREAM_NAME: 'log',
      };
      [serve, publish] = await Promise.all([start('Serve', environment), start('Publish', environment)]);
      gateway = await startGateway({
        port: 0,
        publisher: localPublisher,
        now: Date.now,
        handlers: () => ({ serve: serve.invoke, publish: publish.invoke }),
      });
      gateway.open();
      const sides = [
        {
          origin: local.origin,
          names: [
            [local.baseUrl, 'BASE'],
            [new URL(local.baseUrl).host, 'HOST'],
            [endpoint, 'S3'],
            [local.bucket, 'BUCKET'],
          ],
        },
        {
          origin: gateway.origin,
          names: [
            [baseUrl, 'BASE'],
            [new URL(baseUrl).host, 'HOST'],
            [front.endpoint, 'S3'],
            [other.bucket, 'BUCKET'],
          ],
        },
      ] as const;
      for (const [route, one] of asked) {
        const [here, there] = await Promise.all(
          sides.map(async ({ origin, names }) => {
            const answer = await ask(origin, route, one);
            if (one.path.endsWith('/uploads')) {
              const { release } = one.body as { release: keyof typeof bytes };
              await putPart(answer, endpoint, bytes[release]);
            }
            return comparable(answer, names);
          }),
        );
        answers.push({ route, path: one.path, local: here as object, lambda: there as object });
      }
    });
    afterAll(async () => {
      await Promise.all([serve?.close(), publish?.close()]);
      await gateway?.close();
      await front?.close();
      await local?.close();
      await other?.close();
      await s3?.close();
      directory?.remove();
    });

    it('are asked on every route', () => {
      expect([...new Set(answers.map(({ route }) => route))].sort()).toEqual(routes.map(routeKey).sort());
    });

    it.each(asked.map(([route, { path }], index) => [index, route, path]))(
      '%i: %s %s answers as the local system does',
      (index) => {
        const answer = answers[index as number];
        expect(answer?.lambda).toEqual(answer?.local);
      },
    );

    it('fail on no route', () => {
      const failed = answers.filter(({ lambda }) => (lambda as RawAnswer).status >= 500);
      expect(failed).toEqual([]);
    });

    it('take the event of the schedule', async () => {
      expect(await publish.invoke(measureTask)).toEqual({});
    });

    it('write one JSON object in each line', () => {
      const lines = [...serve.lines(), ...publish.lines()];
      expect(lines.length).toBeGreaterThan(asked.length);
      expect(lines.filter((line) => !/^\{.*\}$/.test(line))).toEqual([]);
      for (const line of lines) JSON.parse(line);
    });

    it('start in the time that this prints', async () => {
      const empty = temporaryDirectory();
      empty.file('index.mjs', 'export const handler = async () => ({});');
      const read = gatewayEvent({
        routeKey: 'GET /channel/{channel}',
        method: 'GET',
        rawPath: '/channel/demo.tar.xz',
        pathParameters: { channel: 'demo.tar.xz' },
      });
      const times = { empty: [] as number[], serve: [] as number[], publish: [] as number[] };
      for (let round = 0; round < 5; round += 1)
        for (const [name, begin, event, answer] of [
          ['empty', () => startFunction(empty.path, 'index.handler', environment), {}, {}],
          ['serve', () => start('Serve', environment), read, expect.objectContaining({ statusCode: 307 })],
          ['publish', () => start('Publish', environment), measureTask, {}],
        ] as const) {
          const fresh = await begin();
          expect(await fresh.invoke(event)).toEqual(answer);
          times[name].push(fresh.first());
          await fresh.close();
        }
      empty.remove();
      const median = (all: number[]): string => `${all.sort((one, two) => one - two)[2]?.toFixed(0)} ms`;
      process.stdout.write(
        `A first request under AWS's runtime, its start included: an empty handler ${median(times.empty)}, serve ${median(times.serve)}, publish ${median(times.publish)}\n`,
      );
    });
  });
