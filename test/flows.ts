/** Counts the source files that one run of a flow goes through: those of which it calls a function. */
import { mkdtemp, rm } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveRig } from './support/serve-rig.ts';
import { startTestSystem } from './support/test-system.ts';

const root = new URL('..', import.meta.url).href;
const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

type Run = () => Promise<unknown>;

/** The functions that a run calls, by file and offset. The stand-ins for AWS and the modules themselves are left out. */
async function functionsOf(run: Run): Promise<Set<string>> {
  await session.post('Profiler.takePreciseCoverage');
  await run();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return new Set(
    result
      .map(({ url, functions }) => ({ file: url.replace(root, ''), functions }))
      .filter(({ file }) => /^(lib(?!\/local\/)|lambda)\//.test(file))
      .flatMap(({ file, functions }) =>
        functions
          .filter(({ functionName, ranges: [range] }) => range?.count && (functionName !== '' || range.startOffset > 0))
          .map(({ ranges: [range] }) => `${file}:${range?.startOffset}`),
      ),
  );
}

let isOverLimit = false;

/** Runs a flow twice, so that the second run loads no module and finds its caches warm, and counts the second. */
async function report(name: string, limit: number, run: Run, beside: ReadonlySet<string> = new Set()): Promise<void> {
  await run();
  const called = [...(await functionsOf(run))].filter((one) => !beside.has(one));
  const files = [...new Set(called.map((one) => one.slice(0, one.lastIndexOf(':'))))].sort();
  console.log(`${name}: ${files.length} files (at most ${limit})\n  ${files.join('\n  ')}`);
  isOverLimit ||= files.length === 0 || files.length > limit;
}

const { bucket, get } = serveRig();
bucket.putJson('channels.json', { channels: ['demo'] });
bucket.putJson('demo.json', { latest: 'demo-1', previous: [] });
bucket.put('demo-1.tar.xz', 'the release');
const system = await startTestSystem();
const directory = await mkdtemp(join(tmpdir(), 'flows-'));
const [key, token, netrc] = ['key', 'token', 'netrc'].map((name) => join(directory, name)) as [string, string, string];

/** The command, which must succeed. */
async function channelctl(...args: string[]): Promise<void> {
  const { code, err } = await system.channelctl(...args);
  if (code !== 0) throw new Error(`channelctl ${args[0]}: ${err}`);
}

try {
  await report('a warm GET of /channel', 13, async () => {
    if ((await get('/channel/demo.tar.xz')).status !== 307) throw new Error('the channel is not served');
  });
  await channelctl('--version');
  const version = await functionsOf(() => channelctl('--version'));
  await channelctl('add', 'demo');
  let release = 0;
  const publish = () => channelctl('publish', 'demo', 'lib/local/demo/flake', '--name', `demo-${++release}`);
  await report('publishing a directory', 50, publish, version);
  await channelctl('token', 'keygen', '--out', key);
  await channelctl('token', 'create', '--key', key, '--subject', 'ci', '--all-channels', '--days', '3', '--out', token);
  const login = () => channelctl('login', 'https://nix.example.org', '--token', token, '--netrc', netrc);
  await report('login', 10, () => rm(netrc, { force: true }).then(login), version);
} finally {
  await system.close();
  await rm(directory, { recursive: true });
}
process.exitCode = isOverLimit ? 1 : 0;
