/** Counts the source files of which one run of a flow calls a function; the stand-ins for AWS are left out. */
import { Session } from 'node:inspector/promises';
import { serveRig } from './support/serve-rig.ts';
import { startTestSystem } from './support/test-system.ts';

const root = new URL('..', import.meta.url).href;
const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

/** The functions that a run calls, by file and offset. */
async function functionsOf(run: () => Promise<unknown>): Promise<Set<string>> {
  await session.post('Profiler.takePreciseCoverage');
  await run();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const sources = result.filter(({ url }) => /^(lib(?!\/local\/)|lambda)\//.test(url.replace(root, '')));
  return new Set(
    sources.flatMap(({ url, functions }) =>
      functions
        .filter(({ functionName, ranges: [range] }) => range?.count && (functionName !== '' || range.startOffset > 0))
        .map(({ ranges: [range] }) => `${url.replace(root, '')}:${range?.startOffset}`),
    ),
  );
}

/** Runs a flow twice, so that the second run loads no module and finds its caches warm, and counts the second. */
async function report(name: string, limit: number, run: () => Promise<unknown>, beside = new Set<string>()) {
  await run();
  const called = [...(await functionsOf(run))].filter((one) => !beside.has(one));
  const files = [...new Set(called.map((one) => one.slice(0, one.lastIndexOf(':'))))].sort();
  console.log(`${name}: ${files.length} files (at most ${limit})\n  ${files.join('\n  ')}`);
  if (files.length === 0 || files.length > limit) process.exitCode = 1;
}

const { bucket, get } = serveRig();
bucket.putJson('channels.json', { channels: ['demo'] });
bucket.putJson('demo.json', { latest: 'demo-1' });
bucket.put('demo-1.tar.xz', 'the release');
await report('a warm GET of /channel', 13, () => get('/channel/demo.tar.xz'));

const system = await startTestSystem();
async function channelctl(line: string): Promise<void> {
  const { code, err } = await system.channelctl(...line.split(' '));
  if (code !== 0) throw new Error(`channelctl ${line}: ${err}`);
}
await channelctl('--version');
const version = await functionsOf(() => channelctl('--version'));
await channelctl('add demo');
const publish = () => channelctl(`publish demo lib/local/demo/flake --name demo-${Date.now()}`);
await report('publishing a directory', 50, publish, version);
const [key, token] = [`${system.directory}/key`, `${system.directory}/token`];
await channelctl(`token keygen --out ${key}`);
await channelctl(`token create --subject ci --all-channels --days 3 --key ${key} --out ${token}`);
const login = () => channelctl(`login https://nix.example.org --token ${token} --netrc ${key}-${Date.now()}`);
await report('login', 10, login, version);
await system.close();
