import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { runScript } from '../support/ci-runner.ts';
import { type CiServices, jobToken, sessionKeys, startCiServices } from '../support/ci-services.ts';
import { tarball } from '../support/tarball.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const directory = temporaryDirectory();
const role = 'arn:aws:iam::111122223333:role/publisher';
const template = new URL('../../templates/publish.yml', import.meta.url);
let system: TestSystem;
let services: CiServices;

beforeAll(async () => {
  [system, services] = await Promise.all([
    startTestSystem({ publisher: sessionKeys }),
    startCiServices(mkdtempSync(join(directory.path, 'services-'))),
  ]);
});
afterAll(async () => {
  await Promise.all([system.close(), services.close()]);
  directory.remove();
});

interface Template {
  readonly spec: { readonly inputs: Readonly<Record<string, { readonly default?: string }>> };
}

interface Job {
  readonly id_tokens: Readonly<Record<string, { readonly aud: string }>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly script: readonly [string];
  readonly artifacts: { readonly reports: { readonly dotenv: string } };
}

/** The job of the component with these inputs, which GitLab puts into the text before it reads it. */
function jobWith(given: Readonly<Record<string, string>>): Job {
  const [spec = '', text = ''] = readFileSync(template, 'utf8').split('\n---\n');
  const { inputs } = (parse(spec) as Template).spec;
  const values = (name: string): string => {
    const value = given[name] ?? inputs[name]?.default;
    if (value === undefined || !(name in inputs)) throw new Error(`the input ${name} is missing`);
    return value;
  };
  const jobs: object = parse(text.replaceAll(/\$\[\[ inputs\.([\w-]+) \]\]/g, (_, name) => values(name)));
  return Object.values(jobs)[0] as Job;
}

async function run(given: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}) {
  const home = mkdtempSync(join(directory.path, 'job-'));
  const bin = join(home, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  const workspace = join(home, 'workspace');
  const temporary = join(home, 'temporary');
  for (const path of [workspace, temporary]) mkdirSync(path);
  writeFileSync(join(workspace, 'release.tar.xz'), tarball(home));
  const { url, sha256 } = services.release;
  const job = jobWith({
    url: system.origin,
    role,
    region: 'us-east-1',
    channelctl: url,
    sha256,
    path: 'release.tar.xz',
    ...given,
  });
  const script = join(home, 'script');
  writeFileSync(script, job.script.join('\n'));
  const ran = await runScript(script, workspace, {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home,
    TMPDIR: temporary,
    CI_JOB_ID: '42',
    GITLAB_CI: 'true',
    AWS_ENDPOINT_URL_STS: services.origin,
    AWS_ACCESS_KEY_ID: 'OTHER',
    AWS_SECRET_ACCESS_KEY: 'other',
    ...Object.fromEntries(Object.keys(job.id_tokens).map((name) => [name, jobToken])),
    ...job.variables,
    ...environment,
  });
  const report = join(workspace, job.artifacts.reports.dotenv);
  return { ...ran, left: readdirSync(temporary), report: () => readFileSync(report, 'utf8') };
}

describe('the GitLab component', () => {
  it('publishes with the ID token of the job, and reports variables', async () => {
    const channel = await system.newChannel();
    const ran = await run({ channel, name: `${channel}-1` });

    expect(ran.printed).toContain(`published: ${channel}-1 (the latest of ${channel})`);
    expect(ran.code).toBe(0);
    expect(ran.report()).toMatch(
      new RegExp(
        `^RELEASE=${channel}-1\nPERMANENT_URL=${system.baseUrl}/permanent/${channel}-1.tar.xz\nCHANNEL_URL=${system.baseUrl}/channel/${channel}.tar.xz\nNAR_HASH=sha256-.{44}\nLATEST=true\n$`,
      ),
    );
    expect(services.sessions.at(-1)?.get('RoleArn')).toBe(role);
    expect(services.sessions.at(-1)?.get('RoleSessionName')).toBe('job-42');
    expect(ran.left).toEqual([]);
  });

  it('promotes the release to another channel', async () => {
    const [channel, stable] = [await system.newChannel(), await system.newChannel()];

    expect((await run({ channel, name: `${channel}-1`, 'promote-to': stable })).code).toBe(0);
    expect(JSON.parse(await system.read(`${stable}.json`)).latest).toBe(`${channel}-1`);
  });

  it('does not run a command that has another hash', async () => {
    const ran = await run({ channel: 'demo', sha256: '0'.repeat(64) });

    expect(ran.code).toBe(1);
    expect(ran.printed).toMatch(/release\.tar\.gz: FAILED/);
    expect(ran.printed).not.toContain('channelctl:');
    expect(ran.left).toEqual([]);
  });

  it('says so where the job has no ID token', async () => {
    const ran = await run({ channel: 'demo' }, { AWS_ID_TOKEN: '' });

    expect(ran.code).toBe(1);
    expect(ran.printed).toBe('This job has no ID token for the role: it needs GitLab 15.7 or newer, and id_tokens.\n');
  });

  it('fails with the command', async () => {
    const ran = await run({ channel: 'none' });

    expect(ran.code).toBe(6);
    expect(ran.printed).toContain('There is no channel "none"');
  });

  it('has no input inside of its script', () => {
    expect(jobWith({ channel: 'a', url: 'b', role: 'c', region: 'd', channelctl: 'e', sha256: 'f' }).script).toEqual([
      expect.not.stringContaining('[['),
    ]);
    expect(readFileSync(template, 'utf8').split('script:')[1]?.split('artifacts:')[0]).not.toContain('$[[');
  });
});
