import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoRelease } from '../../lib/local/demo/demo-release.ts';
import { localPublisher } from '../../lib/local/local-settings.ts';
import { breakableProxy } from '../support/breakable-proxy.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';
import { basic, newKey, token } from '../support/tokens.ts';

export type TimedLine = Readonly<Record<string, unknown>> & { readonly time: number };

/** Half a day in periods of five minutes. */
export const periods = 144;
const period = 300_000;

export const demoChannels = ['nixos-25.05', 'nixos-unstable', 'tools'] as const;
const clients = ['2.34.8', '2.34.8', '2.31.2', '2.26.3', '2.24.14'];

/** The same numbers in each run, so that the picture changes only with the system. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** The stored bytes are measured once an hour, which in the seconds of a run is once. The picture has that measurement every hour. */
const hourly = 12;
const isOfBytes = (line: TimedLine): boolean => 'ChannelBytes' in line || 'RetiredBytes' in line;

const pick = <Item>(items: readonly Item[], next: () => number): Item =>
  items[Math.floor(next() * items.length)] as Item;

const ciRole = 'arn:aws:sts::111122223333:assumed-role/ci/old';

/** A record of another tool, with a latest release of this age. */
const agedRecord = (latest: string, seconds: number) => ({
  latest,
  history: [
    {
      serial: 1,
      operation: latest,
      action: 'publish',
      release: latest,
      at: new Date(Date.now() - seconds * 1_000).toISOString(),
      by: ciRole,
    },
  ],
});

/**
 * Half a day of a small service in a few seconds: the real system on localhost, with the log lines of each period moved to the
 * time of that period.
 */
export async function demoLoad(begin: number): Promise<readonly TimedLine[]> {
  const key = newKey('EdDSA');
  const bucket = await startTestSystem();
  const line = await breakableProxy(bucket.endpoint);
  const { region, ...credentials } = localPublisher;
  const system = await startTestSystem({
    bucket: bucket.bucket,
    store: { endpoint: line.endpoint, region, credentials },
    channelMaxAge: 40,
    trackedChannels: [...demoChannels],
    jwt: { keys: { pems: [key.pem], defaultScope: 'all' }, leewaySeconds: 30 },
  });
  const seconds = Math.floor(Date.now() / 1_000);
  const good = basic(token(key, { sub: 'reader', exp: seconds + 3_600 }));
  const expired = basic(token(key, { sub: 'reader', exp: seconds - 3_600 }));
  const next = random(7);
  const timed: TimedLine[] = [];
  const measuredBytes: TimedLine[] = [];
  let taken = 0;
  const take = (time: number): void => {
    for (const text of system.written.slice(taken)) timed.push({ ...JSON.parse(text), time });
    taken = system.written.length;
  };

  await createChannels(system);
  take(begin);
  for (let place = 0; place < periods; place += 1) {
    const isAway = place === 96 || place === 97;
    const age = 190_000 + (place * period) / 1_000;
    if (!isAway) await bucket.lay('nixos-24.11.json', { ...agedRecord('nixos-24.11-1', age), max_age: 216_000 });
    if (place === 96) await line.break();
    if (place === 98) await line.mend();
    // A failed request is not repeated for five seconds, which would be hours in the picture.
    if (place === 98) await sleep(5_100);
    if (place === 60 || place === 61) await bucket.lay('staging.json', '{"latest": ');
    if (place === 62) await bucket.lay('staging.json', agedRecord('staging-1', 7_200));
    await readers(system, place, next, { good, expired });
    if (place % 29 === 12 || place === 97) await publishers(system, place, next);
    if (!isAway) await system.measure();
    const time = begin + (place + 0.5) * period;
    if (place > 0 && place % hourly === 0) timed.push(...measuredBytes.map((line) => ({ ...line, time })));
    take(time);
    if (place === 0) measuredBytes.push(...timed.filter(isOfBytes));
  }
  await system.close();
  await line.break();
  await bucket.close();
  return timed;
}

async function createChannels(system: TestSystem): Promise<void> {
  await system.lay('channels.json', {
    channels: [...demoChannels, 'nixos-24.11', 'staging'],
    public: ['nixos-25.05', 'nixos-unstable'],
  });
  for (const channel of [...demoChannels, 'staging']) {
    await system.lay(`${channel}.json`, agedRecord(`${channel}-1`, 7_200));
    await system.lay(`${channel}-1.tar.xz`, 'a release');
  }
  await system.lay('nixos-24.11-1.tar.xz', 'a release');
  const retired = { 'tools-0': { reason: 'superseded', at: '2025-11-20', by: ciRole, until: '2025-12-20' } };
  await system.lay('tools.json', { ...agedRecord('tools-1', 7_200), previous: ['tools-0'], retired });
  await system.lay('tools-0.tar.xz', 'an old release');
}

interface Passwords {
  readonly good: string;
  readonly expired: string;
}

async function readers(
  { ask }: TestSystem,
  place: number,
  next: () => number,
  { good, expired }: Passwords,
): Promise<void> {
  const busy = 4 + Math.round(9 * Math.sin((place / periods) * Math.PI) ** 2 + 4 * next());
  for (let count = 0; count < busy; count += 1) {
    const channel = pick([...demoChannels, 'nixos-unstable', 'nixos-24.11', 'staging'], next);
    const headers = {
      'user-agent': `curl/8.11.0 Nix/${pick(clients, next)}`,
      authorization: next() < 0.07 ? expired : good,
    };
    const answer = await ask(`/channel/${channel}.tar.xz`, { headers });
    const { location = '' } = answer.headers;
    if (!location.includes('/permanent/')) continue;
    const { pathname } = new URL(location);
    const head = await ask(pathname, { method: 'HEAD', headers });
    const known = next() < 0.6 ? { 'if-none-match': String(head.headers.etag) } : {};
    await ask(next() < 0.5 ? `/channel/${channel}.tar.xz` : pathname, { headers: { ...headers, ...known } });
    if (next() < 0.05) await ask('/channel/nixos-19.03.tar.xz', { headers });
  }
}

async function publishers({ channelctl, directory }: TestSystem, place: number, next: () => number): Promise<void> {
  const channel = pick(demoChannels, next);
  const path = join(directory, 'release.tar.xz');
  await cp(demoRelease.path, path);
  await channelctl('publish', channel, path, '--name', `${channel}-${place}`);
  if (place % 2 === 0) await channelctl('publish', channel, path, '--name', `${channel}-1`);
  if (place > 100) await channelctl('rollback', channel);
}
