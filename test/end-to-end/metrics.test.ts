import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { metrics, outcomes } from '../../lib/domain/metrics.ts';
import { type Datum, emfData } from '../picture/emf-data.ts';
import { askLog } from '../picture/log-query.ts';
import { readDashboard, type ShownMetric } from '../picture/read-dashboard.ts';
import { awsMetrics } from '../support/aws-metrics.ts';
import { breakableProxy } from '../support/breakable-proxy.ts';
import { brokenEmf } from '../support/emf.ts';
import { freePort } from '../support/free-port.ts';
import { npmRun } from '../support/launch.ts';
import { type RawRequest, rawRequest } from '../support/raw-request.ts';
import { SynthesizedStack } from '../support/synth-stack.ts';
import { tarball } from '../support/tarball.ts';
import { againstRealStore, startTestSystem, type TestSystem } from '../support/test-system.ts';
import { basic, newKey, token } from '../support/tokens.ts';

/** Metrics that the functions emit and that nobody is shown, each with the reason. */
const notShown: Readonly<Record<string, string>> = {};

const stack = new SynthesizedStack({ stackName: 'local', metricChannels: 'open' });
const widgets = readDashboard(String(stack.resource('AWS::CloudWatch::Dashboard').Properties.DashboardBody));

const alarmed = stack.resources('AWS::CloudWatch::Alarm').map(({ Properties }): ShownMetric => {
  const {
    Namespace,
    MetricName,
    Dimensions = [],
    Statistic,
  } = Properties as Record<string, string> & {
    Dimensions?: { Name: string; Value: string }[];
  };
  return {
    namespace: Namespace as string,
    name: MetricName as string,
    dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value])),
    anyOf: [],
    statistic: Statistic as string,
    period: 300,
    label: '',
    axis: 'left',
  };
});

const named = [...widgets.flatMap((widget) => widget.metrics), ...alarmed];
const isOurs = ({ namespace }: { readonly namespace: string }): boolean => namespace.startsWith('NixChannels');
/** Counted by CloudWatch itself, out of a log. */
const filtered = stack
  .resources('AWS::Logs::MetricFilter')
  .flatMap(({ Properties }) => Properties.MetricTransformations as { MetricNamespace: string; MetricName: string }[]);

const fits = (shown: ShownMetric, { namespace, name, dimensions }: Datum): boolean =>
  shown.namespace === namespace &&
  shown.name === name &&
  Object.keys(dimensions).length === Object.keys(shown.dimensions).length + shown.anyOf.length &&
  Object.entries(shown.dimensions).every(([key, value]) => dimensions[key] === value) &&
  shown.anyOf.every((key) => key in dimensions);

const secret = 'a-secret-that-a-client-sent';
const key = newKey('EdDSA');
const now = Math.floor(Date.now() / 1_000);
const good = token(key, { sub: secret, jti: secret, exp: now + 3_600 });
const expired = token(key, { sub: secret, exp: now - 3_600 });
const foreign = token(newKey('EdDSA'), { sub: secret, exp: now + 3_600 });
const publisher = { accessKeyId: 'publisher', secretAccessKey: 'a-secret-of-the-publisher', region: 'us-east-1' };
const planted = [secret, good, expired, foreign, basic(good), publisher.secretAccessKey];

let lines: readonly Readonly<Record<string, unknown>>[];
let written: readonly string[];
let data: readonly Datum[];

type Ask = (path: string, request?: RawRequest) => Promise<unknown>;

/** What a reader does: asks for everything that there is and is not, with every sort of token. */
async function read(ask: Ask, etag: string): Promise<void> {
  await ask('/permanent/open-1.tar.xz', { method: 'HEAD' });
  await ask('/channel/open.tar.xz', { headers: { 'user-agent': 'curl/8.11.0 Nix/2.34.8' } });
  await ask('/channel/open.tar.xz', { headers: { 'if-none-match': etag } });
  for (const path of ['/channel/open', '/permanent/open-1.tar.xz', `/channel/${secret}`, `/permanent/${secret}.tar.xz`])
    await ask(path, { headers: { authorization: basic(good) } });
  await ask('/channel/gone.tar.xz', { headers: { authorization: `Bearer ${good}` } });
  await ask('/channel/closed.tar.xz', { headers: { range: 'bytes=5-', authorization: basic(good) } });
  for (const password of [good, expired, foreign, secret])
    await ask('/channel/closed.tar.xz', { headers: { authorization: basic(password) } });
  await ask('/channel/odd.tar.xz', { headers: { authorization: basic(good) } });
  await ask('/channel/closed.tar.xz');
  await ask(`/channel/closed.tar.xz?token=${good}`);
}

/** What lies in the bucket before: a private channel, and one that is older than it allows. */
async function prepare({ lay }: TestSystem): Promise<void> {
  const history = [
    { serial: 1, operation: 'x', action: 'publish', release: 'late-1', at: '2026-01-01', by: 'somebody' },
  ];
  await lay('closed.json', { latest: 'closed-1', previous: ['closed-0'] });
  const retired = { 'late-0': { reason: 'old', at: '2026-01-01', by: 'somebody', until: '2026-01-02' } };
  await lay('late.json', { latest: 'late-1', previous: ['late-0'], max_age: 60, history, retired });
  await lay('odd.json', {});
  for (const release of ['closed-1', 'late-0', 'late-1']) await lay(`${release}.tar.xz`, 'x');
  await lay('channels.json', { channels: ['closed', 'late', 'odd'], public: ['open'], removed: ['gone'] });
}

/** What publishers do, and what goes wrong for them. */
async function publish({ channelctl, directory }: TestSystem, url: string): Promise<void> {
  await channelctl('--url', url, 'add', 'open');
  for (const text of ['one', 'other']) {
    const path = join(directory, 'open-1.tar.xz');
    await writeFile(path, tarball(text));
    await channelctl('--url', url, 'publish', 'open', path);
  }
}

beforeAll(async () => {
  const bucket = await startTestSystem({ publisher });
  const line = await breakableProxy(bucket.endpoint);
  await prepare(bucket);
  const pem = join(bucket.directory, 'reader.pem');
  await writeFile(pem, key.pem);
  const store = againstRealStore ? process.env : {};
  const PORT = await freePort();
  const started = npmRun(['start'], {
    PORT,
    S3_ENDPOINT: line.endpoint,
    S3_BUCKET: bucket.bucket,
    AWS_REGION: store.AWS_REGION ?? publisher.region,
    AWS_ACCESS_KEY_ID: store.AWS_ACCESS_KEY_ID ?? publisher.accessKeyId,
    AWS_SECRET_ACCESS_KEY: store.AWS_SECRET_ACCESS_KEY ?? publisher.secretAccessKey,
    PUBLISHER_ACCESS_KEY_ID: publisher.accessKeyId,
    PUBLISHER_SECRET_ACCESS_KEY: publisher.secretAccessKey,
    CHANNEL_MAX_AGE_SECONDS: '0',
    METRIC_CHANNELS: 'open',
    JWT_PUBLIC_KEY_FILES: pem,
  });
  await started.until('Ctrl-C ends it.');
  // Not before: while a record cannot be read, no retired release is removed.
  await bucket.lay('odd.json', '{');
  const origin = `http://127.0.0.1:${PORT}`;
  const ask: Ask = (path, request) => rawRequest(origin, path, request);
  await publish(bucket, origin);
  const { ETag = '' } = await bucket.s3.send(new HeadObjectCommand({ Bucket: bucket.bucket, Key: 'open-1.tar.xz' }));
  await read(ask, ETag);
  await line.break();
  await ask('/channel/open.tar.xz');
  await ask('/channel/late.tar.xz', { headers: { authorization: basic(good) } });
  await bucket.channelctl('--url', origin, 'list');
  await started.end('SIGINT');
  // What is printed for people is no line of a function.
  written = started
    .printed()
    .split('\n')
    .filter((text) => text.startsWith('{'));
  lines = written.map((text) => ({ '@timestamp': new Date(now * 1_000).toISOString(), ...JSON.parse(text) }));
  data = lines.flatMap(emfData);
  await bucket.close();
});

describe('the log of the functions', () => {
  it('has one JSON object in each line, in the embedded metric format where it has metrics', () => {
    expect(data.length).toBeGreaterThan(50);
    expect(lines.flatMap((line) => brokenEmf(line, Date.now()))).toEqual([]);
  });

  it('has each metric of the table, with its unit and dimensions, and no other', () => {
    const emitted = new Map(
      data.map(({ name, unit, dimensions }) => [name, { unit, dimensions: Object.keys(dimensions) }]),
    );

    expect(Object.fromEntries(emitted)).toEqual(metrics);
  });

  it('has one of the known outcomes for each request, and each of those that a reader can cause', () => {
    const seen = new Set(lines.filter((line) => line.function === 'serve').map(({ outcome }) => outcome));

    expect([...seen].sort()).toEqual(outcomes.filter((outcome) => !['refused', 'defect'].includes(outcome)).sort());
  });

  it('holds no token, no signature and no secret, though all of them were sent', () => {
    const all = written.join('');
    for (const text of [...planted, 'X-Amz-Signature', 'X-Amz-Credential', 'X-Amz-Security-Token', 'uthorization'])
      expect(all).not.toContain(text);
    expect(all).not.toMatch(/eyJ[\w-]+\.|Basic \w|Bearer \w/);
  });

  it('has no dimension whose values a client can choose', () => {
    const values = (dimension: string) => [...new Set(data.flatMap(({ dimensions }) => dimensions[dimension] ?? []))];

    expect(values('service')).toEqual(['local']);
    expect(values('trackedChannel').sort()).toEqual(['open', 'other']);
    expect(values('reason').sort()).toEqual(['expired', 'malformed', 'no-token', 'signature']);
  });
});

describe('the dashboard and the alarms', () => {
  const own = named.filter(isOurs);

  it('name only metrics that the functions emit, or that the stack filters out of a log', () => {
    const isFiltered = ({ namespace, name }: ShownMetric): boolean =>
      filtered.some(({ MetricNamespace, MetricName }) => MetricNamespace === namespace && MetricName === name);
    const unknown = own.filter((shown) => !isFiltered(shown) && !data.some((datum) => fits(shown, datum)));

    expect(own.length).toBeGreaterThan(20);
    expect(unknown).toEqual([]);
  });

  it('show every metric that the functions emit, or leave it out for a reason', () => {
    const drawn = widgets.flatMap((widget) => widget.metrics);
    const hidden = data.filter((datum) => !drawn.some((shown) => fits(shown, datum)) && !(datum.name in notShown));

    expect([...new Set(hidden.map(({ name, dimensions }) => `${name} ${JSON.stringify(dimensions)}`))]).toEqual([]);
    for (const name of Object.keys(notShown)) expect(data.some((datum) => datum.name === name)).toBe(true);
  });

  it('name only those metrics of AWS that its documentation has, with the dimensions that it gives them', () => {
    const unknown = named
      .filter((shown) => !isOurs(shown))
      .filter(
        ({ namespace, name, dimensions }) =>
          !awsMetrics.some(
            (known) =>
              known.namespace === namespace &&
              known.names.includes(name) &&
              Object.keys(dimensions).join() === known.dimensions.join(),
          ),
      );

    expect(unknown).toEqual([]);
  });

  it('are drawn in the docs as they are', () => {
    const picture = readFileSync(new URL('../../docs/dashboard.svg', import.meta.url), 'utf8');
    for (const { title, type } of widgets) if (type !== 'text') expect(picture).toContain(`>${title}</text>`);
  });

  it.each(widgets.filter(({ type }) => type === 'log').map(({ title, query }) => [title, query] as const))(
    'query the logs for fields that the logs have: %s',
    (_, query) => {
      const { columns, rows } = askLog(query, lines);

      expect(rows).not.toEqual([]);
      for (const column of columns)
        expect([column, rows.some((row) => row[column] !== undefined)]).toEqual([column, true]);
    },
  );

  it('have tables', () => {
    expect(widgets.filter(({ type }) => type === 'log').length).toBeGreaterThanOrEqual(5);
  });
});
