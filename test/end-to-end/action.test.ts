import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readAction, runAction } from '../support/ci-runner.ts';
import { type CiServices, sessionKeys, startCiServices } from '../support/ci-services.ts';
import { tarball } from '../support/tarball.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const directory = temporaryDirectory();
const role = 'arn:aws:iam::111122223333:role/publisher';
let system: TestSystem;
let services: CiServices;
let actionPath = '';

/** A checkout of the action at a release. */
function actionWith(hash: string): string {
  const path = mkdtempSync(join(directory.path, 'action-'));
  cpSync(join(checkout, 'action.yml'), join(path, 'action.yml'));
  writeFileSync(join(path, 'channelctl.sha256'), `${hash}  ${services.release.file}\n`);
  return path;
}

beforeAll(async () => {
  [system, services] = await Promise.all([
    startTestSystem({ publisher: sessionKeys }),
    startCiServices(mkdtempSync(join(directory.path, 'services-'))),
  ]);
  actionPath = actionWith(services.release.sha256);
});
afterAll(async () => {
  await Promise.all([system.close(), services.close()]);
  directory.remove();
});

interface Job {
  readonly environment?: Readonly<Record<string, string>>;
  readonly action?: string;
  readonly oidc?: boolean;
}

/** Runs the action in a job of its own, whose workspace has one archive. */
async function run(inputs: Readonly<Record<string, string>>, { environment = {}, action, oidc = true }: Job = {}) {
  const home = mkdtempSync(join(directory.path, 'job-'));
  const [temporary, workspace, bin] = ['temp', 'workspace', 'bin'].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [temporary, workspace, bin]) mkdirSync(path);
  symlinkSync(process.execPath, join(bin, 'node'));
  writeFileSync(join(workspace, 'release.tar.xz'), tarball(home));
  const ran = await runAction(inputs, {
    actionPath: action ?? actionPath,
    temporary,
    workspace,
    github: { action_repository: 'example/channels' },
    environment: {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: home,
      GITHUB_SERVER_URL: services.origin,
      AWS_ENDPOINT_URL_STS: services.origin,
      // Wrong ones, as another step may have left them.
      AWS_ACCESS_KEY_ID: 'OTHER',
      AWS_SECRET_ACCESS_KEY: 'other',
      ...(oidc
        ? {
            ACTIONS_ID_TOKEN_REQUEST_URL: `${services.origin}/token?api-version=2.0`,
            ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'job',
          }
        : {}),
      ...environment,
    },
  });
  return { ...ran, left: readdirSync(temporary).filter((name) => name.startsWith('channelctl')) };
}

const rights = () => ({ url: system.origin, role, region: 'us-east-1' });

describe('the action', () => {
  it('publishes with the OIDC token of the job, and gives outputs and a summary', async () => {
    const channel = await system.newChannel();
    const before = services.tokens.length;
    const ran = await run({ ...rights(), channel, path: 'release.tar.xz', name: `${channel}-1` });

    expect(ran.printed).toContain(`published: ${channel}-1 (the latest of ${channel})`);
    expect(ran.code).toBe(0);
    expect(ran.outputs).toEqual({
      release: `${channel}-1`,
      'permanent-url': `${system.baseUrl}/permanent/${channel}-1.tar.xz`,
      'channel-url': `${system.baseUrl}/channel/${channel}.tar.xz`,
      'nar-hash': expect.stringMatching(/^sha256-.{44}$/),
      latest: 'true',
    });
    expect(ran.summary).toContain(`| release | \`${channel}-1\` |`);
    expect(services.tokens.slice(before)).toEqual(['sts.amazonaws.com bearer job']);
    expect(services.sessions.at(-1)?.get('RoleArn')).toBe(role);
    expect(services.sessions.at(-1)?.get('RoleSessionName')).toBe('run-42');
    expect(ran.left).toEqual([]);
  });

  it('promotes the release to another channel, with a token of its own', async () => {
    const [channel, stable] = [await system.newChannel(), await system.newChannel()];
    const before = services.tokens.length;
    const ran = await run({
      ...rights(),
      channel,
      path: 'release.tar.xz',
      name: `${channel}-1`,
      'promote-to': stable,
      audience: 'nix&x=y',
    });

    expect(ran.code).toBe(0);
    expect(JSON.parse(await system.read(`${stable}.json`)).latest).toBe(`${channel}-1`);
    expect(services.tokens.slice(before)).toEqual(['nix&x=y bearer job', 'nix&x=y bearer job']);
  });

  it('publishes with the credentials of the job where no role is given', async () => {
    const channel = await system.newChannel();
    const environment = { AWS_ACCESS_KEY_ID: 'WEBIDENTITY', AWS_SECRET_ACCESS_KEY: 'secret' };
    const inputs = { url: system.origin, region: 'us-east-1', channel, path: 'release.tar.xz', name: `${channel}-1` };

    expect((await run(inputs, { environment, oidc: false })).outputs.latest).toBe('true');
  });

  it('says in a pull request of a fork why there is no token and what to do', async () => {
    const ran = await run({ ...rights(), channel: 'demo' }, { oidc: false });

    expect(ran.code).toBe(1);
    expect(ran.printed).toBe(
      '::error title=nix-channel-lambda::This job cannot get an OIDC token for the role. A pull request from a fork never gets one: publish on push, after the merge. Otherwise add "permissions: {id-token: write, contents: read}" to the job, on Forgejo "enable-openid-connect: true".\n',
    );
  });

  it('does not run a command that has another hash', async () => {
    const action = actionWith('0'.repeat(64));
    const ran = await run({ ...rights(), channel: 'demo' }, { action });

    expect(ran.code).toBe(1);
    expect(ran.printed).toMatch(
      /^::error .*has the SHA-256 [0-9a-f]{64}, but this ref of the action needs 0{64}: it was not run\.\n$/,
    );
  });

  it('says so where the release cannot be downloaded, and takes one from elsewhere', async () => {
    const elsewhere = await run(
      { ...rights(), channel: 'none', releases: `${services.origin}/example/channels/releases/download` },
      { environment: { GITHUB_SERVER_URL: 'http://127.0.0.1:1' } },
    );
    const missing = await run({ ...rights(), channel: 'demo', releases: `${services.origin}/nowhere` });

    expect(elsewhere.printed).toContain('There is no channel "none"');
    expect(missing.code).toBe(1);
    expect(missing.printed).toContain(
      `::error title=nix-channel-lambda::${services.origin}/nowhere/v9.8.7/channelctl-9.8.7.tar.gz cannot be downloaded: if the releases are elsewhere, give the input releases.\n`,
    );
  });

  it('says so at a ref that belongs to no release', async () => {
    const action = mkdtempSync(join(directory.path, 'action-'));
    cpSync(join(checkout, 'action.yml'), join(action, 'action.yml'));

    expect((await run({ ...rights(), channel: 'demo' }, { action })).printed).toMatch(
      /^::error .*This ref of the action belongs to no release/,
    );
  });

  it('says so where there is no Node.js or an old one', async () => {
    const bin = mkdtempSync(join(directory.path, 'bin-'));
    writeFileSync(join(bin, 'node'), '#!/bin/sh\nexit 1\n');
    chmodSync(join(bin, 'node'), 0o755);
    const environment = { PATH: `${bin}:/usr/bin:/bin` };

    expect((await run({ ...rights(), channel: 'demo' }, { environment })).printed).toContain(
      'channelctl needs Node.js 20.16 or newer: add a step with actions/setup-node before this one.',
    );
  });

  it('fails and says so where the token endpoint refuses', async () => {
    const environment = { ACTIONS_ID_TOKEN_REQUEST_URL: `${services.origin}/refuses?a=b` };
    const ran = await run({ ...rights(), channel: 'demo' }, { environment });

    expect(ran.code).toBe(1);
    expect(ran.printed).toContain('::error title=nix-channel-lambda::The OIDC token of this job was refused');
    expect(ran.left).toEqual([]);
  });

  it('shows an error of the command as an annotation, and fails', async () => {
    const ran = await run({ ...rights(), channel: 'none', path: 'release.tar.xz' });

    expect(ran.code).toBe(6);
    expect(ran.printed).toMatch(/^::error title=channelctl::There is no channel "none"/m);
    expect(ran.outputs.release).toBe('');
    expect(ran.left).toEqual([]);
  });

  it.each(['channel', 'path', 'name', 'url', 'stack', 'role', 'region', 'promote-to'])(
    'runs nothing that is in the input %s, and takes it for no option',
    async (input) => {
      for (const value of ['$(touch ran)`touch ran`"; touch ran; "\'; touch ran; \'\ntouch ran', '--help']) {
        const channel = await system.newChannel();
        const inputs = { ...rights(), channel, path: 'release.tar.xz', name: `${channel}-1`, [input]: value };
        const { code, printed } = await run({ ...inputs, ...(input === 'stack' ? { url: '' } : {}) });

        expect(readdirSync(directory.path, { recursive: true }).filter((path) => String(path).endsWith('ran'))).toEqual(
          [],
        );
        // STS takes any role here.
        if (input !== 'role') expect(code).not.toBe(0);
        expect(printed).not.toContain('Usage:');
      }
    },
  );

  it('has no expression inside of a script, and only steps of its own', () => {
    const { runs } = readAction(join(checkout, 'action.yml'));

    expect(runs.using).toBe('composite');
    for (const step of runs.steps) {
      expect(Object.keys(step).sort()).toEqual(['env', 'id', 'name', 'run', 'shell']);
      expect(step.run).not.toContain('${{');
      expect(step.shell).toBe('bash');
    }
  });
});
