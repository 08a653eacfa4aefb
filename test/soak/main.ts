import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { tarball } from '../support/tarball.ts';
import { privateFlags, secretOf, startTestStore, writePublishers } from '../support/test-server.ts';
import { newKey, token } from '../support/tokens.ts';
import { SoakBucket } from './bucket.ts';
import { Client, type Finished } from './clients.ts';
import { faultLine } from './fault-line.ts';
import { figuresText } from './figures.ts';
import {
  type ChannelRead,
  checkChannelRead,
  checkFindings,
  checkOperations,
  checkReleaseReads,
  type Found,
  nobody,
} from './invariants.ts';
import { nextPlan, type Plan, pick, randomFrom } from './plan.ts';
import { type Readings, readAgainAndAgain } from './readers.ts';
import { SoakServer } from './servers.ts';

const { values: given } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1800' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    clients: { type: 'string', default: '4' },
    readers: { type: 'string', default: '4' },
  },
});
const seconds = Number(given.seconds);
const seed = Number(given.seed);
if (![seconds, seed, Number(given.clients), Number(given.readers)].every((value) => value > 0))
  throw new Error('--seconds, --seed, --clients and --readers must be numbers above 0');

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
print(`seed ${seed}, ${seconds} s, ${process.env.TEST_S3_ENDPOINT ?? 'the stand-in'}`);

/** Faults and kills, then a calm that lasts long enough for every old value to be replaced. */
const [stormMs, calmMs] = [35_000, 25_000];
/** After the last fault, and the last start of a server. */
const settleMs = 10_000;
const maxAgeMs = 1_000;

const channels = Array.from({ length: 6 }, (_, index) => `c${index}`);
const openChannels = channels.slice(0, 2);
const random = randomFrom(seed);
const store = await startTestStore();
const key = newKey('ES256');
const tokens = Array.from({ length: 60 }, (_, index) => {
  const jti = `token-${index}`;
  return { jti, token: token(key, { sub: 'reader', jti, exp: Math.floor(Date.now() / 1_000) + seconds + 3_600 }) };
});
const publishers = writePublishers(store.directory, [{ name: 'admin', administrator: true }]);

const flags = ['--workers', '1', '--config-update-seconds', String(maxAgeMs / 1_000), '--log', 'json'];
const servers: SoakServer[] = [];
for (let index = 0; index < 2; index += 1)
  servers.push(
    await SoakServer.start(await faultLine(store.endpoint, randomFrom(seed + 1 + index)), {
      bucket: store.bucket,
      environment: store.environment,
      flags: [...flags, ...privateFlags(store, key.pem), '--publishers', publishers],
    }),
  );
const bucket = new SoakBucket(store, channels);

const begun = Date.now();
const endsAt = begun + 1_000 * seconds;
let isOver = false;
let quietSince = begun;
let calmSeconds = 0;
const isCalm = (): boolean =>
  servers.every(({ line, isUp }) => isUp && !line.isFaulty && Date.now() - line.troubledAt > settleMs) &&
  Date.now() - quietSince > settleMs;
const violations: string[] = [];
/** For what is seen on the way, so that a long run need not end to tell it. */
function violate(what: string): void {
  violations.push(what);
  print(`VIOLATION: ${what}`);
}

/** Faults and kills. */
async function storms(): Promise<void> {
  let killAt = begun + 5_000;
  let tick = Date.now();
  while (Date.now() < endsAt) {
    const isStorm = (Date.now() - begun) % (stormMs + calmMs) < stormMs;
    for (const { line } of servers) line.isFaulty = isStorm;
    if (isStorm && Date.now() > killAt) {
      pick(random, servers)?.kill(random() < 0.7 ? 'server' : 'worker');
      killAt = Date.now() + 4_000 + random() * 12_000;
    }
    if (isStorm || servers.some(({ isUp }) => !isUp)) quietSince = Date.now();
    if (isCalm()) calmSeconds += (Date.now() - tick) / 1_000;
    tick = Date.now();
    await sleep(100);
  }
  for (const { line } of servers) line.isFaulty = false;
  quietSince = Date.now();
}

async function lookAgainAndAgain(): Promise<void> {
  while (!isOver) {
    await bucket.look().catch((error: unknown) => violate(`the bucket cannot be read: ${String(error)}`));
    await sleep(1_000);
  }
}

const declared = new Map<string, string[]>();
function fileOf(release: string, variant: 0 | 1): string {
  const directory = join(store.directory, `variant-${variant}`);
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${release}.tar.xz`);
  const number = Number(release.split('-').at(-1));
  const bytes = tarball(`${release} in the variant ${variant}`, 1_700_000_000 + number);
  writeFileSync(path, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const known = declared.get(release) ?? [];
  if (!known.includes(sha256)) declared.set(release, [...known, sha256]);
  return path;
}

const finished: Finished[] = [];
const recentReleases: { channel: string; release: string }[] = [];
let number = 0;
let task = 0;
let revoked = 0;
const context = {
  random,
  openChannels,
  recentReleases,
  nextNumber: () => {
    number += 1;
    return number;
  },
  nextJti: () => {
    // Half of the tokens stay good.
    revoked += 1;
    return revoked < tokens.length / 2 ? tokens[revoked]?.jti : undefined;
  },
};

async function runPlan(client: Client, plan: Plan, killAfterMs?: number): Promise<Finished> {
  const { release, channel, variant, args } = plan;
  if (variant !== undefined && release !== undefined) recentReleases.push({ channel, release });
  const file = variant === undefined || release === undefined ? [] : [fileOf(release, variant)];
  const server = pick(random, servers) as SoakServer;
  task += 1;
  const wasCalm = isCalm();
  const done = await client.run(
    plan,
    {
      args: ['--region', 'us-east-1', '--json', ...args, ...file],
      journal: join(store.directory, `journal-${task}`),
      environment: {
        PATH: process.env.PATH ?? '',
        HOME: store.directory,
        CHANNELCTL_URL: server.origin,
        XDG_STATE_HOME: store.directory,
        TMPDIR: store.directory,
      },
      keys: { accessKeyId: 'KEY.admin', secretAccessKey: secretOf('admin') },
    },
    killAfterMs,
  );
  finished.push(done);
  const { result, statuses } = done;
  const said = result === 'killed' ? '' : `${args.join(' ')}: ${result.code} ${result.out} ${result.err}`;
  if (statuses.includes(500)) violate(`500 among ${statuses.join(' ')} to ${said}`);
  if (result !== 'killed' && (result.code === 1 || result.code === 2)) violate(`a defect of the command: ${said}`);
  const isFailed =
    result !== 'killed' && (result.code === 7 || statuses.some((status) => status === 0 || status >= 500));
  if (isFailed && wasCalm && isCalm())
    violate(`nothing was broken, and yet ${statuses.join(' ')} to ${said.slice(0, 1_000)} ${server.lastFailure}`);
  return done;
}

const clients = Array.from({ length: Number(given.clients) }, () => new Client());
async function changeAgainAndAgain(client: Client): Promise<void> {
  let again: Plan | undefined;
  while (Date.now() < endsAt) {
    const plan = again ?? nextPlan({ ...context, views: bucket.views });
    const { run } = await runPlan(client, plan, random() < 0.12 ? random() ** 2 * 2_000 : undefined);
    // Whoever sees a command fail runs it again, or goes away.
    again = run.outcome === 'unknown' && random() < 0.6 ? plan : undefined;
    await sleep(random() * 200);
  }
}

const readings: Readings = { channels: [], releases: [], unanswered: {}, unansweredInCalm: [], latencies: {} };
const readers = [...tokens, ...Array.from({ length: 6 }, () => ({ jti: nobody }))];
const world = { random, servers, channels, tokens: readers, maxAgeMs, isCalm, isOver: () => isOver };
const reading = Array.from({ length: Number(given.readers) }, () => readAgainAndAgain(world, readings));
const looking = lookAgainAndAgain();
const minutes = setInterval(
  () =>
    print(
      `${Math.round((Date.now() - begun) / 1_000)} s: ${finished.length} runs, ${readings.channels.length} reads, ${violations.length} violations`,
    ),
  60_000,
);

await Promise.all([storms(), ...clients.map(changeAgainAndAgain)]);
const changedSeconds = (Date.now() - begun) / 1_000;
// A machine that is always busy is never calm.
for (let wait = 0; !isCalm() && wait < 1_200; wait += 1) await sleep(100);
await sleep(2_000);
isOver = true;
await Promise.all([...reading, looking]);
clearInterval(minutes);

const [last] = clients as [Client, ...Client[]];
async function doctor(...more: string[]): Promise<readonly Found[]> {
  const { result } = await runPlan(last, { kind: 'doctor', channel: '', args: ['doctor', 'bucket', ...more] });
  if (result === 'killed' || (result.code !== 0 && result.code !== 8)) {
    violations.push(`the doctor failed: ${JSON.stringify(result)}`);
    return [];
  }
  const { findings } = JSON.parse(result.out) as { findings: (Found & { fixed?: boolean })[] };
  return findings.filter(({ fixed }) => fixed !== true);
}

const runs = () => finished.map(({ run }) => run);
const found = await doctor();
violations.push(...checkFindings(found, runs()));
// What the doctor says is to be done about a command that was interrupted.
await doctor('--fix');
for (const { kind, subject } of found) {
  if (kind === 'record-unlisted') await runPlan(last, { kind: 'add', channel: subject, args: ['add', subject] });
  if (kind === 'record-restored')
    await runPlan(last, { kind: 'restore', channel: subject, args: ['restore', subject] });
}
const left = (await doctor()).filter(({ severity }) => severity !== 'info');
violations.push(...checkFindings(left, []).map((what) => `${what}, after its advice was followed`));

/** What the server's reads of the record came to, in milliseconds before the read. */
function loadsText({ server, channel, begunAt, endedAt }: ChannelRead): string {
  const loads = servers.find(({ origin }) => origin === server)?.line.loads.get(`${channel}.json`);
  const isNear = (at: number): boolean => at >= begunAt - 20_000 && at <= endedAt;
  const good = loads?.good
    .filter((load) => isNear(load.endedAt))
    .map((load) => `${begunAt - load.begunAt}-${begunAt - load.endedAt}`);
  const faultsAt = loads?.faultsAt.filter(isNear).map((at) => begunAt - at);
  return `loads before it: ${good?.join(' ') || 'none'}; faults: ${faultsAt?.join(' ') || 'none'}`;
}

await bucket.look();
let changes = 0;
for (const [channel, ledger] of bucket.ledgers) {
  const { states, violations: wrong } = ledger.replay(runs());
  violations.push(...ledger.violations, ...wrong);
  const view = bucket.views.find((one) => one.channel === channel);
  if (states.length > 0 && states.at(-1)?.latest !== view?.latest)
    violations.push(`${channel}: the record has ${view?.latest}, its history ends with ${states.at(-1)?.latest}`);
  const own = runs().filter((run) => run.channel === channel || run.kind === 'revoke');
  for (const read of readings.channels.filter((one) => one.channel === channel))
    for (const wrong of checkChannelRead(read, states, own, !openChannels.includes(channel)))
      violations.push(`${wrong}\n  ${loadsText(read)}`);
  changes += states.length;
}
const operations = [...bucket.ledgers.values()].flatMap((ledger) => ledger.changes.map(({ operation }) => operation));
violations.push(...checkOperations(runs(), [...operations, ...bucket.denials]));
const openReleases = new Set(
  openChannels.flatMap((channel) => bucket.views.find((view) => view.channel === channel)?.releases ?? []),
);
const revocations = runs().filter(({ kind }) => kind === 'revoke');
// Every release as it is in the end, as one more read.
for (const release of new Set(bucket.views.flatMap(({ releases }) => releases))) {
  const sha256 = (await bucket.sha256Of(release)) ?? 'the bucket does not have it';
  const now = {
    jti: 'none',
    begunAt: Date.now(),
    endedAt: Date.now(),
    knowsDenials: 0,
    status: 307,
    text: '',
    isCalm: true,
  };
  readings.releases.push({ ...now, release, sha256 });
}
violations.push(
  ...checkReleaseReads(readings.releases, declared, revocations, (release) => !openReleases.has(release)),
);
violations.push(...readings.unansweredInCalm.map((what) => `no answer although nothing was broken: ${what}`));

for (const client of clients) client.end();
await Promise.all(servers.map((server) => server.end()));
violations.unshift(...servers.flatMap(({ defects }) => defects.map((text) => `a defect of the server: ${text}`)));
for (const { line } of servers) await line.close();
bucket.close();
await store.close();

const faults: Record<string, number> = {};
for (const { line } of servers)
  for (const [fault, times] of Object.entries(line.faults)) faults[fault] = (faults[fault] ?? 0) + times;
const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);
print(
  figuresText({
    seconds: changedSeconds,
    calmSeconds,
    finished,
    readings,
    faults,
    requests: sum(servers.map(({ line }) => line.requests)),
    kills: {
      servers: sum(servers.map(({ kills }) => kills)),
      clients: sum(clients.map(({ kills }) => kills)),
      'starts that failed': sum(servers.map(({ failedStarts }) => failedStarts)),
    },
    changes,
    findings: found.map(({ kind }) => kind),
  }),
);
for (const violation of violations.slice(0, 100)) print(`VIOLATION: ${violation}`);
print(`${violations.length} violations (seed ${seed})`);
process.exitCode = violations.length === 0 ? 0 : 1;
