import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readPublishers } from '../../lib/server/publishers.ts';
import { type NixClient, type NixRun, nixClient, nixClients } from '../support/nix-client.ts';
import { rendered, sectionOf, type UnitValue, valuesOf } from '../support/unit-values.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const fixtures = join(checkout, 'test/fixtures/nix');

interface Seen {
  readonly refused: readonly string[];
  readonly packages: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  readonly services: Readonly<
    Record<string, { readonly serviceConfig: Readonly<Record<string, UnitValue>>; readonly environment?: object }>
  >;
  readonly sockets: Readonly<
    Record<string, { readonly listenStreams: readonly string[]; readonly socketConfig: object }>
  >;
}

/** The lines of a section of a unit file by their keys; an assignment that is repeated has several. */
function section(text: string, name: string): Readonly<Record<string, readonly string[]>> {
  const [, lines = ''] =
    text
      .split(/^(?=\[\w+]$)/m)
      .find((part) => part.startsWith(`[${name}]`))
      ?.split(/]\n(.*)/s) ?? [];
  const pairs = [...lines.matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value] as const);
  return Object.fromEntries(
    pairs.map(([key]) => [key, pairs.filter(([one]) => one === key).map(([, value]) => value)]),
  );
}

const without = (keys: readonly string[], record: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));

const unitFile = (name: string): string => readFileSync(join(checkout, 'contrib', name), 'utf8');

/** What depends on the machine and its settings. */
const ofMachine = ['ExecStart', 'Environment', 'EnvironmentFile', 'LoadCredential'];

/** Of the test code, and that of nixpkgs where NIXPKGS_LIB names it. */
const libs = [
  { name: 'the test', lib: join(fixtures, 'lib.nix') },
  ...(process.env.NIXPKGS_LIB ? [{ name: 'nixpkgs', lib: process.env.NIXPKGS_LIB }] : []),
];
const cases = nixClients.flatMap((client) => libs.map((each) => ({ client: client.name, ...client, ...each })));

const server = (more = ''): string =>
  `{ services.nix-channel-server = { enable = true; bucket = "my-channels"; baseUrl = "https://channels.example.com"; ${more} }; }`;

const publishers = `publishers = [
  { name = "nixos-ci"; accessKeyId = "NIXOSCI"; secretAccessKeyFile = "/run/secrets/ci"; channels = [ "nixos-25.05" ]; }
  { name = "release"; accessKeyId = "RELEASE"; secretAccessKeyFile = "/run/secrets/release"; promotions = [ { from = "a"; to = "b"; } ]; }
  { name = "ops"; accessKeyId = "OPS"; secretAccessKeyFile = "/run/secrets/ops"; administrator = true; }
];`;

function hasAnalyze(): boolean {
  try {
    execFileSync('systemd-analyze', ['--version']);
    return true;
  } catch {
    return false;
  }
}

if (cases.length === 0) {
  console.log('NIX_CLIENTS is not set: what needs a real Nix is skipped.');
  it.skip('with a real Nix, in the directories that NIX_CLIENTS names', () => {});
} else
  describe.each(cases)(
    'the modules of the flake, with Nix from $client and the lib of $name,',
    ({ directory, lib }) => {
      let client: NixClient;
      beforeAll(async () => {
        client = await nixClient(directory);
      });
      afterAll(() => client.close());

      const evaluate = (expression: string): Promise<NixRun> =>
        client.nix(
          'nix-instantiate',
          ...['--eval', '--read-write-mode', '--strict', '--json', '--expr'],
          `let nixos = import ${fixtures}/nixos.nix { lib = import ${lib}; }; in ${expression}`,
        );
      const run = (...modules: string[]): Promise<NixRun> =>
        evaluate(
          `nixos.seen (nixos.system [ nixos.flake.nixosModules.default nixos.flake.nixosModules.login ${modules.join(' ')} ])`,
        );
      async function seen(...modules: string[]): Promise<Seen> {
        const { code, out, err } = await run(...modules);
        if (code !== 0) throw new Error(err);
        return JSON.parse(out);
      }
      const serviceOf = async (name: string, ...modules: string[]) => {
        const { services } = await seen(...modules);
        const service = services[name];
        if (service === undefined) throw new Error(`there is no service ${name}`);
        return service;
      };
      const configOf = async (more?: string) => (await serviceOf('nix-channel-server', server(more))).serviceConfig;

      it('do nothing until they are told to', async () => {
        expect(await seen()).toEqual({ refused: [], packages: [], settings: {}, services: {}, sockets: {} });
      });

      it('run the server as the unit in contrib does', async () => {
        const unit = section(unitFile('nix-channel-server.service'), 'Service');
        expect(Object.keys(unit).length).toBeGreaterThan(40);
        expect(without(ofMachine, rendered(await configOf(publishers)))).toEqual(without(ofMachine, unit));
      });

      it('open the socket as the unit in contrib does', async () => {
        const { sockets } = await seen(server('listen = [ "[::]:3000" ];'));
        const { listenStreams, socketConfig } = sockets['nix-channel-server'] ?? {
          listenStreams: [],
          socketConfig: {},
        };
        expect(rendered({ ListenStream: listenStreams, ...socketConfig })).toEqual(
          section(unitFile('nix-channel-server.socket'), 'Socket'),
        );
      });

      it('start the program of the package with only the flags that are needed', async () => {
        expect((await configOf('metricsListen = null;')).ExecStart).toBe(
          '/programs/nix-channel-server/bin/nix-channel-server --log json --bucket "my-channels" --base-url "https://channels.example.com"',
        );
      });

      it('pass flags on as they are, whatever characters they have', async () => {
        const { ExecStart } = await configOf(`extraFlags = [ "--workers" "2" "a %d \${"$"}{HOME} \\"b\\"" ];`);
        expect(ExecStart).toMatch(/ --metrics-listen "127\.0\.0\.1:9464" "--workers" "2" "a %%d \$\$\{HOME} \\"b\\""$/);
      });

      it('give the server variables, and the rest as credentials', async () => {
        const pem = `${fixtures}/../localhost-certificate.pem`;
        const { environment, serviceConfig } = await serviceOf(
          'nix-channel-server',
          server(
            `region = "fsn1"; endpoint = "https://s3.example.com/100%"; credentialsFile = "/run/secrets/aws";
           environmentFile = "/run/secrets/environment"; jwtPemFiles = [ ${pem} "/etc/key.pem" ]; settings.LOG_LEVEL = "warn"; ${publishers}`,
          ),
        );
        expect(environment).toEqual({
          AWS_REGION: 'fsn1',
          AWS_ENDPOINT_URL: 'https://s3.example.com/100%%',
          AWS_SHARED_CREDENTIALS_FILE: '%d/aws-credentials',
          LOG_LEVEL: 'warn',
        });
        expect(serviceConfig).toMatchObject({
          EnvironmentFile: ['/run/secrets/environment'],
          LoadCredential: [
            'aws-credentials:/run/secrets/aws',
            expect.stringMatching(/^jwt-0\.pem:.*\/nix\/store\/[^/]*-localhost-certificate\.pem$/),
            'jwt-1.pem:/etc/key.pem',
            expect.stringMatching(/^publishers\.json:.*\/nix\/store\/[^/]*-publishers\.json$/),
            'publisher-nixos-ci.key:/run/secrets/ci',
            'publisher-release.key:/run/secrets/release',
            'publisher-ops.key:/run/secrets/ops',
          ],
        });
        expect(serviceConfig.ExecStart).toMatch(
          / --jwt-pem %d\/jwt-0\.pem --jwt-pem %d\/jwt-1\.pem --publishers %d\/publishers\.json$/,
        );
      });

      it('give the server the publishers in a file that it accepts, without a secret', async () => {
        const { LoadCredential } = await configOf(publishers);
        const credentials = join(client.home, 'credentials');
        mkdirSync(credentials);
        for (const [id = '', path = ''] of valuesOf(LoadCredential ?? []).map((each) => each.split(':'))) {
          const at = join(credentials, id);
          if (path.startsWith('/run/secrets/')) writeFileSync(at, `the secret of ${id}`.replaceAll(' ', '-'));
          else copyFileSync(path, at);
          chmodSync(at, 0o400);
        }
        const uid = process.getuid?.() ?? 0;
        expect(
          readPublishers(join(credentials, 'publishers.json'), { uid, credentialsDirectory: credentials }),
        ).toEqual([
          {
            ...{ name: 'nixos-ci', accessKeyId: 'NIXOSCI', secretAccessKey: 'the-secret-of-publisher-nixos-ci.key' },
            ...{ channels: ['nixos-25.05'], retire: false, promotions: [], administrator: false },
          },
          {
            ...{ name: 'release', accessKeyId: 'RELEASE', secretAccessKey: 'the-secret-of-publisher-release.key' },
            ...{ channels: [], retire: false, promotions: [{ from: 'a', to: 'b' }], administrator: false },
          },
          {
            ...{ name: 'ops', accessKeyId: 'OPS', secretAccessKey: 'the-secret-of-publisher-ops.key' },
            ...{ channels: [], retire: false, promotions: [], administrator: true },
          },
        ]);
      });

      const stored = '/nix/store/00000000000000000000000000000000-secret';
      it.each([
        ['a path of the store', `"${stored}"`],
        ['a path of the store with another slash', '"//nix/store/x"'],
        ['a path that leads back to the store', '"/run/../nix/store/x"'],
        ['a file that Nix would copy to the store', `${fixtures}/lib.nix`],
        ['a file that Nix has copied to the store', `"\${${fixtures}/lib.nix}"`],
        ['a relative path', '"secret"'],
        ['a path with a blank', '"/run/a b"'],
        ['a path with a colon', '"/run/a:b"'],
        ['a path with a specifier of systemd', '"/run/%n"'],
      ])('refuse %s as the place of a secret', async (_, path) => {
        const publisher = `publishers = [ { name = "ci"; accessKeyId = "CI"; channels = [ "a" ]; secretAccessKeyFile = ${path}; } ];`;
        const modules = [
          server(`credentialsFile = ${path};`),
          server(`environmentFile = ${path};`),
          server(publisher),
          `{ programs.nix-channel-login.tokenFiles."nix.example.org" = ${path}; }`,
        ];
        for (const module of modules) {
          const { code, err } = await run(module);
          expect([code, err]).toEqual([1, expect.stringContaining('absolute path outside of the Nix store')]);
        }
      });

      it('refuse the keys of the bucket among the variables, which are in the store', async () => {
        const { refused } = await seen(server('settings.AWS_SECRET_ACCESS_KEY = "x";'));
        expect(refused).toEqual([
          expect.stringMatching(/settings must not have AWS_SECRET_ACCESS_KEY: .* credentialsFile/),
        ]);
      });

      it('write a netrc on every switch, which Nix reads', async () => {
        const login = '{ programs.nix-channel-login.tokenFiles."nix.example.org" = "/run/secrets/token"; }';
        const { settings, services, refused } = await seen(login);
        const { serviceConfig = {} } = services['nix-channel-login'] ?? {};
        expect([settings, refused]).toEqual([{ 'netrc-file': '/run/nix-channel-login/netrc' }, []]);
        expect(serviceConfig).toMatchObject({
          Type: 'oneshot',
          RuntimeDirectory: 'nix-channel-login',
          RuntimeDirectoryPreserve: true,
          LoadCredential: ['nix.example.org:/run/secrets/token'],
          CapabilityBoundingSet: '',
        });
        expect(Object.keys(serviceConfig)).not.toContain('RemainAfterExit');
        const [, script = ''] =
          /^\/bin\/sh (\S+-write-netrc\.sh) \/run\/nix-channel-login\/netrc "" nix\.example\.org$/.exec(
            String(serviceConfig.ExecStart),
          ) ?? [];
        expect(readFileSync(script, 'utf8')).toBe(readFileSync(join(checkout, 'nix/write-netrc.sh'), 'utf8'));
      });

      it('let a group read the netrc', async () => {
        const { serviceConfig } = await serviceOf(
          'nix-channel-login',
          '{ programs.nix-channel-login = { tokenFiles.host = "/run/token"; group = "users"; }; }',
        );
        expect([serviceConfig.ExecStart, serviceConfig.CapabilityBoundingSet]).toEqual([
          expect.stringMatching(/netrc users host$/),
          'CAP_CHOWN',
        ]);
        expect(serviceConfig.SystemCallFilter).toEqual(['@system-service', '~@privileged @resources', '@chown']);
      });

      it.each(['https://nix.example.org', 'nix.example.org:443', 'a b', '$x'])(
        'refuse a token for %s, which is no host',
        async (host) => {
          const { refused } = await seen(`{ programs.nix-channel-login.tokenFiles."${host}" = "/run/token"; }`);
          expect(refused).toEqual([expect.stringContaining(`not "${host}"`)]);
        },
      );

      it('can be used as docs/nix.md shows', async () => {
        const page = readFileSync(join(checkout, 'docs/nix.md'), 'utf8');
        const [flake = '', ...modules] = [...page.matchAll(/^```nix\n(.*?)^```$/gms)].map(([, text = '']) => text);
        writeFileSync(join(client.home, 'flake.nix'), flake);
        writeFileSync(
          join(client.home, 'configuration.nix'),
          `{ imports = [ ${modules.map((text) => `(${text})`).join(' ')} ]; }`,
        );
        const { code, out, err } = await evaluate(
          `nixos.seen ((import ${client.home}/flake.nix).outputs {
            inherit (nixos) nixpkgs;
            nix-channel-lambda = nixos.flake;
          }).nixosConfigurations.channels`,
        );
        if (code !== 0) throw new Error(err);
        const shown: Seen = JSON.parse(out);
        expect([shown.refused, shown.packages]).toEqual([[], ['channelctl']]);
        expect(Object.keys(shown.services)).toEqual(['nix-channel-login', 'nix-channel-server']);
        expect(shown.services['nix-channel-server']?.serviceConfig.ExecStart).toMatch(/ "--workers" "2"$/);
      });

      it('are beside the packages that docs/nix.md names', async () => {
        const { out } = await evaluate(
          'builtins.mapAttrs (_: builtins.mapAttrs (_: package: package.name)) nixos.flake.packages',
        );
        const packages = {
          channelctl: 'channelctl',
          default: 'channelctl',
          'nix-channel-server': 'nix-channel-server',
        };
        expect(JSON.parse(out)).toEqual({
          'x86_64-linux': packages,
          'aarch64-linux': packages,
          'aarch64-darwin': packages,
        });
        const page = readFileSync(join(checkout, 'docs/nix.md'), 'utf8');
        const named = [...page.matchAll(/nix-channel-lambda#([\w-]+)/g)].map(([, name = '']) => name);
        expect(named.length).toBeGreaterThan(0);
        expect(named.filter((name) => !(name in packages))).toEqual([]);
      });

      const analysed = 'have an exposure of at most 1.5, as systemd-analyze counts';
      if (hasAnalyze())
        it.each([
          ['the server', 'nix-channel-server', server(publishers)],
          ['the login', 'nix-channel-login', '{ programs.nix-channel-login.tokenFiles.host = "/run/token"; }'],
          [
            'the login for a group',
            'nix-channel-login',
            '{ programs.nix-channel-login = { tokenFiles.host = "/run/token"; group = "users"; }; }',
          ],
        ])(`${analysed}: %s`, async (_, name, module) => {
          const { serviceConfig } = await serviceOf(name, module);
          const path = join(client.home, `${name}.service`);
          writeFileSync(path, sectionOf(serviceConfig));
          const said = execFileSync('systemd-analyze', ['security', '--offline=true', path], { encoding: 'utf8' });
          const [, exposure] = /Overall exposure level for \S+\.service: ([\d.]+)/.exec(said) ?? [];
          expect(Number(exposure)).toBeLessThanOrEqual(1.5);
        });
      else it.skip(`${analysed}, where it is installed`, () => {});
    },
  );
