import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { nixClient, nixClients } from '../support/nix-client.ts';
import { type SystemdMachine, startSystemd } from '../support/systemd-machine.ts';
import { startTestStore, type TestStore } from '../support/test-server.ts';
import { sectionOf } from '../support/unit-values.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(checkout, path), 'utf8');
const service = read('contrib/nix-channel-server.service');
const program = '/usr/local/lib/nix-channel-server/server.js';

/** The service's limits around the probe, without what concerns a server. */
function probeUnit(places: readonly string[]): string {
  const unit = service
    .replace(/^ExecStart=.*$/m, `ExecStart=/usr/bin/node /usr/local/lib/probe.mjs ${places.join(' ')}`)
    .replaceAll(/^(?:Type|NotifyAccess|WatchdogSec|Restart|Requires|After|Wants)=.*\n/gm, '');
  return `${unit}\n[Service]\nType=oneshot\nStandardOutput=file:/run/probe.json\n`;
}

/** What is not the server's to write to, though everybody could but for its limits. */
const open = ['/srv/open', '/var/open', '/run/open', '/usr/local/lib/open', '/etc/open', '/run/lock', '/dev/shm'];
const places = [...open, '/', '/etc/nix-channel-server', '/dev', '/sys/fs/cgroup', '/tmp', '/var/tmp'];

function serverFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'server-file-'));
  try {
    execFileSync(process.execPath, ['bin/bundle-channelctl.ts', '--single-files', folder], { cwd: checkout });
    const [name = ''] = readdirSync(folder).filter((each) => each.startsWith('nix-channel-server-'));
    return readFileSync(join(folder, name, 'nix-channel-server.mjs'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { SYSTEMD } = process.env;
const title = 'contrib/nix-channel-server.service under a real systemd';
if (SYSTEMD === undefined) it.skip(`${title}, as root, where SYSTEMD names the program`, () => {});
else
  describe(title, () => {
    let store: TestStore;
    let machine: SystemdMachine;
    let bucket: ReturnType<typeof spawn>;

    beforeAll(async () => {
      store = await startTestStore();
      await store.lay('channels.json', { channels: ['demo'] });
      await store.lay('demo.json', { latest: 'demo-1' });
      await store.lay('demo-1.tar.xz', 'a release');
      machine = await startSystemd(SYSTEMD, {
        'etc/systemd/system/nix-channel-server.service': { text: service },
        'etc/systemd/system/nix-channel-server.socket': { text: read('contrib/nix-channel-server.socket') },
        'etc/systemd/system/probe.service': { text: probeUnit(places) },
        'etc/systemd/system/nix-channel-server.service.d/log.conf': {
          text: '[Service]\nStandardOutput=append:/run/server.log\nStandardError=append:/run/server.log\n',
        },
        'etc/nix-channel-server/aws-credentials': {
          text: '[default]\naws_access_key_id = key\naws_secret_access_key = secret\n',
          mode: 0o600,
        },
        [program.slice(1)]: { text: serverFile() },
        'usr/local/lib/probe.mjs': { text: read('test/fixtures/systemd/probe.mjs') },
      });
      // A copy of the bucket, in the machine's network.
      const copy = join(store.directory, 'copy');
      cpSync(join(store.directory, 'bucket'), copy, { recursive: true, filter: (path) => basename(path) !== 'lock' });
      const [nsenter, args] = machine.inItsNetwork(process.execPath, 'test/support/s3-process.ts', copy);
      bucket = spawn(nsenter, args, { cwd: checkout, stdio: ['ignore', 'pipe', 'inherit'] });
      const [port] = await once(bucket.stdout as NodeJS.ReadableStream, 'data');
      const environment = {
        BUCKET: store.bucket,
        BASE_URL: 'http://127.0.0.1:3000',
        AWS_REGION: 'us-east-1',
        AWS_ENDPOINT_URL: `http://127.0.0.1:${String(port).trim()}`,
      };
      const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
      await machine.inside('sh', '-c', `printf '%s\\n' "$@" >/etc/nix-channel-server/environment`, 'sh', ...lines);
      for (const directory of open.filter((each) => each.endsWith('/open')))
        await machine.inside('install', '-d', '-m', '1777', directory);
    }, 60_000);
    afterEach(() => machine?.systemctl('stop', 'nix-channel-server.service', 'nix-channel-server.socket'));
    afterAll(async () => {
      bucket?.kill('SIGKILL');
      await machine?.end();
      await store.close();
    });

    /** A status and a body, as curl gets them. */
    function ask(path: string, address = '127.0.0.1:3000'): Promise<string> {
      const url = `http://${address}${path}`;
      const [nsenter, args] = machine.inItsNetwork('curl', '-sS', '-m', '30', '-w', '%{http_code}', url);
      return text(spawn(nsenter, args, { stdio: ['ignore', 'pipe', 'inherit'] }).stdout);
    }
    const shown = async (property: string, unit = 'nix-channel-server.service'): Promise<string> =>
      (await machine.systemctl('show', '--value', '--property', property, unit)).trim();
    const log = (): string => readFileSync(join(machine.root, 'run/server.log'), 'utf8');
    async function start(): Promise<void> {
      const said = await machine.systemctl('start', 'nix-channel-server.service');
      if (said !== '') throw new Error(`${said}\n${log()}`);
    }
    async function until(what: () => Promise<boolean>, seconds: number): Promise<void> {
      const deadline = performance.now() + 1_000 * seconds;
      while (!(await what())) {
        if (performance.now() > deadline) throw new Error(`not within ${seconds} s:\n${log()}`);
        await sleep(200);
      }
    }
    /** The processes of the service, by their ids in the machine. */
    const processes = async (): Promise<string[]> =>
      (await machine.inside('cat', '/sys/fs/cgroup/system.slice/nix-channel-server.service/cgroup.procs')).split('\n');

    it('is active once it serves, and is exposed by at most 1.5', async () => {
      await start();
      expect([await shown('ActiveState'), await shown('StatusErrno')]).toEqual(['active', '0']);
      expect(await ask('/healthz')).toBe('ok\n200');
      expect(await ask('/channel/demo.tar.xz')).toBe('307');
      const security = await machine.inside('systemd-analyze', 'security', '--no-pager', 'nix-channel-server.service');
      const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(security) ?? [];
      expect(Number(exposure)).toBeLessThanOrEqual(1.5);
    });

    it('is started by the first request to its socket, which it answers', async () => {
      expect(await machine.systemctl('start', 'nix-channel-server.socket')).toBe('');
      expect(await shown('ActiveState')).toBe('inactive');
      expect(await ask('/channel/demo.tar.xz')).toBe('307');
      expect(await shown('ActiveState')).toBe('active');
    });

    it('listens itself where FLAGS say so', async () => {
      const environment = '/etc/nix-channel-server/environment';
      await machine.inside('sh', '-c', `echo 'FLAGS=--listen 127.0.0.1:3001' >>${environment}`);
      await start();
      expect(await ask('/healthz', '127.0.0.1:3001')).toBe('ok\n200');
      await machine.inside('sed', '-i', '/^FLAGS/d', environment);
    });

    it('runs as a user of its own without capabilities', async () => {
      await start();
      const status = await machine.inside('cat', `/proc/${await shown('MainPID')}/status`);
      const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1];
      // The range of dynamic users (systemd.exec(5)).
      const uid = Number(field('Uid'));
      expect([uid >= 61_184, uid <= 65_519]).toEqual([true, true]);
      expect(['CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp'].map(field)).toEqual([
        '0000000000000000',
        '0000000000000000',
        '1',
        '2',
      ]);
    });

    it('cannot write but to its own /tmp, and cannot read secrets but its own', async () => {
      await start();
      expect(await machine.systemctl('start', 'probe.service')).toBe('');
      const probed = JSON.parse(readFileSync(join(machine.root, 'run/probe.json'), 'utf8'));
      const refused = Object.fromEntries(
        places.map((place) => [place, expect.stringMatching(/^E(?:ROFS|ACCES|PERM)$/)]),
      );
      expect(probed).toEqual({
        written: { ...refused, '/tmp': 'written', '/var/tmp': 'written' },
        read: [expect.stringMatching(/^E/), expect.stringMatching(/^E/), expect.stringMatching(/^E/)],
        own: expect.stringContaining('aws_secret_access_key = secret'),
        processes: [],
        root: expect.stringMatching(/^E/),
      });
      expect(open.map((place) => probed.written[place])).toEqual(open.map(() => 'EROFS'));
      expect(readdirSync(join(machine.root, 'tmp'))).not.toContain('probe');
    });

    it('goes on with another worker where one hangs', async () => {
      await start();
      const main = await shown('MainPID');
      const [worker = ''] = (await processes()).filter((pid) => pid !== main);
      await machine.inside('kill', '-STOP', worker);
      await until(async () => log().includes('worker does not answer'), 40);
      await until(async () => (await processes()).filter((pid) => pid !== main && pid !== worker).length >= 2, 20);
      expect(await shown('MainPID')).toBe(main);
      expect(await ask('/channel/demo.tar.xz')).toBe('307');
    }, 90_000);

    it('is started again by systemd where it hangs itself', async () => {
      const override = '/run/systemd/system/nix-channel-server.service.d';
      await machine.inside(
        'sh',
        '-c',
        `mkdir -p ${override} && printf '[Service]\\nWatchdogSec=4\\n' >${override}/w.conf`,
      );
      await machine.systemctl('daemon-reload');
      await start();
      const main = await shown('MainPID');
      await sleep(6_000);
      expect(await shown('MainPID')).toBe(main);
      await machine.inside('kill', '-STOP', main);
      await until(async () => ![main, '0'].includes(await shown('MainPID')), 30);
      await until(async () => (await shown('ActiveState')) === 'active', 20);
      expect([await shown('NRestarts'), await ask('/healthz')]).toEqual(['1', 'ok\n200']);
      await machine.inside('rm', '-r', override);
      await machine.systemctl('daemon-reload');
    }, 90_000);

    it('answers a request in flight when it is stopped, and ends within 10 s', async () => {
      await start();
      bucket.kill('SIGSTOP');
      const answer = ask('/permanent/demo-1.tar.xz');
      await sleep(500);
      const begun = performance.now();
      const stopped = machine.systemctl('stop', 'nix-channel-server.service');
      await sleep(1_000);
      bucket.kill('SIGCONT');
      expect(await answer).toBe('307');
      await stopped;
      expect([await shown('ActiveState'), await shown('Result')]).toEqual(['inactive', 'success']);
      expect(performance.now() - begun).toBeLessThan(10_000);
    }, 60_000);
  });

const loginTitle = 'the service of nix/login-module.nix under a real systemd';
const [nix] = nixClients;
if (SYSTEMD === undefined || nix === undefined)
  it.skip(`${loginTitle}, as root, where SYSTEMD names the program and NIX_CLIENTS a real Nix`, () => {});
else
  describe(loginTitle, () => {
    /** The unit, with the script in a place that the machine has. */
    async function loginUnit({ directory }: { readonly directory: string }, settings: string): Promise<string> {
      const client = await nixClient(directory);
      const { out, err } = await client.nix(
        ...['nix-instantiate', '--eval', '--read-write-mode', '--strict', '--json', '--expr'],
        `let nixos = import ${join(checkout, 'test/fixtures/nix/nixos.nix')} { }; in (nixos.seen (nixos.system [
          nixos.flake.nixosModules.login { programs.nix-channel-login = { ${settings} }; }
        ])).services.nix-channel-login.serviceConfig`,
      );
      await client.close();
      if (out === '') throw new Error(err);
      return sectionOf(JSON.parse(out)).replace(/\S+-write-netrc\.sh/, '/write-netrc.sh');
    }

    it.each([
      ['root', '', '600 root root'],
      ['a group', 'group = "users";', '640 root users'],
    ])(
      'writes the netrc for %s, again too',
      async (_, group, owners) => {
        const machine = await startSystemd(SYSTEMD, {
          'etc/systemd/system/login.service': {
            text: await loginUnit(nix, `tokenFiles."nix.example.org" = "/secret/token"; ${group}`),
          },
          'etc/group': { text: 'root:x:0:\nusers:x:100:\n' },
          'secret/token': { text: 'the-token\n', mode: 0o600 },
          'write-netrc.sh': { text: read('nix/write-netrc.sh') },
        });
        try {
          for (let run = 0; run < 2; run += 1) {
            expect(await machine.systemctl('start', 'login.service')).toBe('');
            const netrc = '/run/nix-channel-login/netrc';
            expect(await machine.inside('cat', netrc)).toBe('machine nix.example.org login token password the-token');
            expect(await machine.inside('stat', '--format', '%a %U %G', netrc)).toBe(owners);
          }
        } finally {
          await machine.end();
        }
      },
      60_000,
    );
  });
