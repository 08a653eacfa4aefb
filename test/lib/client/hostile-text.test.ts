import { mkdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ExchangeResult, Send } from '../../../lib/client/api/http.ts';
import { escapeLines } from '../../../lib/client/text.ts';
import { escapeControls } from '../../../lib/domain/names.ts';
import { bodyOf } from '../../support/api-send.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { header, tar, top } from '../../support/nar/tar-blocks.ts';
import { type CommandRun, runCommand } from '../../support/run-command.ts';
import { tarball } from '../../support/tarball.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const controls = '\x1b]0;title\x07\x9b31m\r\nforged\t\x7f\u061c\u200f\u202e\u2066\u2028\u2029';
/** What a terminal obeys, or what moves the text around it. */
const obeyed = /[^\P{Cc}\n]|[\p{Bidi_Control}\p{Zl}\p{Zp}]/u;

const change = {
  serial: 3,
  operation: 'operation-3',
  action: 'promote',
  release: 'demo-2',
  from: 'demo-1',
  to: 'demo-3',
  source: 'other',
  reason: 'kinds',
  visibility: 'public',
  at: '2026-01-01T00:00:00.000Z',
  by: 'arn:aws:iam::1:user/u',
};
const shown = {
  channel: 'demo',
  fileExtension: '.tar.xz',
  channelUrl: 'https://channels.test/channel/demo.tar.xz',
  visibility: 'private',
  maxAge: 60,
  homepage: 'https://example.org/',
  description: 'Tools',
  aliases: ['tools'],
  latest: 'demo-2',
  permanentUrl: 'https://channels.test/permanent/demo-2.tar.xz',
  facts: { release: 'demo-2', etag: '"e"', rev: 'a'.repeat(40), narHash: 'sha256-x', sha256: 'ab', lastModified: 1 },
  serial: 3,
  previous: 1,
  rollsBackTo: 'demo-1',
  rolledBack: false,
  yanked: { 'demo-0': { reason: 'broken', at: 'then', by: 'me' } },
  history: { entries: [change, { release: 'demo-0' }] },
  snippets: [{ use: 'flake input', text: 'inputs.demo.url = "https://channels.test/channel/demo.tar.xz";' }],
};
const changed = {
  channel: 'demo',
  action: 'rollback',
  fresh: true,
  latest: 'demo-1',
  from: 'demo-2',
  channelUrl: shown.channelUrl,
  permanentUrl: shown.permanentUrl,
};
const published = {
  status: 'published',
  channel: 'demo',
  release: 'demo-1',
  fresh: false,
  latest: false,
  latestRelease: 'demo-2',
  sameAs: 'demo-0',
  channelUrl: shown.channelUrl,
  permanentUrl: shown.permanentUrl,
  snippets: shown.snippets,
};
const open = {
  status: 'open',
  upload: 'upload-1',
  partSize: 16 * 1024 ** 2,
  arrived: [],
  parts: [{ partNumber: 1, url: 'https://bucket.test/demo-1', headers: { 'content-length': '2560' } }],
};
const finding = {
  kind: 'record-damaged',
  severity: 'warning',
  subject: 'demo',
  means: 'It means.',
  fix: 'Do.',
  fixable: false,
};
const denial = { jti: 'a', until: 1_900_000_000, reason: 'lost', at: 'then', by: 'me' };
const added = { channel: 'demo', fileExtension: '.tar.xz', visibility: 'public', fresh: true, channelUrl: 'u' };
const removed = { channel: 'demo', removed: true, fresh: true };

const file = directory.file('demo-1.tar.xz', tarball('word'));
const yank = ['yank', 'demo', 'demo-2', '--reason', 'x'];

/** Each command that asks the API, and what the API answers to it: by the method of the request, or also by the end of its path. */
const commands: readonly (readonly [args: readonly string[], answers: Readonly<Record<string, unknown>>])[] = [
  [['add', 'demo'], { POST: added }],
  [['add', 'demo', '--dry-run'], { POST: { ...added, fresh: false } }],
  [['list'], { GET: { channels: [{ ...shown }, { channel: 'a/b', problem: 'It is damaged.' }] } }],
  [['show', 'demo'], { GET: shown }],
  [['history', 'demo', '--limit', '2'], { GET: { ...shown, history: { ...shown.history, next: 's1' } } }],
  [['promote', 'other', 'demo'], { POST: { ...changed, action: 'promote' } }],
  [['rollback', 'demo'], { GET: shown, POST: changed }],
  [['rollback', 'demo', '--dry-run'], { GET: { ...shown, rolledBack: true } }],
  [yank, { POST: { ...changed, action: 'yank' } }],
  [yank, { POST: { ...changed, action: 'yank', fresh: false } }],
  [['set', 'demo', '--visibility', 'public'], { PATCH: { ...added, maxAge: 60 } }],
  [['remove', 'demo', '--yes'], { DELETE: removed }],
  [
    ['restore', 'demo'],
    { POST: { ...removed, removed: false, latest: 'demo-1', visibility: 'public', channelUrl: 'u' } },
  ],
  [['publish', 'demo', file], { GET: shown, POST: published }],
  [
    ['publish', 'demo', file],
    { GET: shown, 'GET upload': { ...open, arrived: [1] }, 'POST uploads': open, 'POST releases': published, PUT: {} },
  ],
  [
    ['publish', 'demo', file, '--dry-run'],
    { GET: shown, POST: { status: 'rehearsed', channel: 'demo', release: 'r' } },
  ],
  [['doctor', 'bucket'], { GET: { findings: [finding] } }],
  [['doctor', 'bucket', '--fix'], { POST: { findings: [{ ...finding, fixed: true }] } }],
  [['token', 'revocations'], { GET: { revocations: [denial, { ...denial, jti: undefined, sub: 'ci' }] } }],
  [
    ['token', 'revoke', '--jti', 'a', '--until', '90d'],
    { POST: { action: 'revoke', fresh: true, revocation: denial, inForce: 1 } },
  ],
];

const release = {
  release: 'demo-2',
  url: shown.permanentUrl,
  publishedAt: '2026-01-01T00:00:00.000Z',
  rev: 'a'.repeat(40),
  revUrl: 'https://forge.test/commit/a',
  narHash: 'sha256-x',
  sha256: 'ab',
  size: 4,
};
const document = {
  channel: 'demo',
  state: 'served',
  url: shown.channelUrl,
  extension: '.tar.xz',
  description: 'kinds',
  homepage: 'https://demo.test',
  latest: release,
  snippets: shown.snippets,
  releases: [
    release,
    { release: 'demo-1', yanked: { reason: 'broken', at: 'then' } },
    { release: 'demo-0', retired: { reason: 'old', at: 'then', until: 'later', instead: 'demo-2' } },
  ],
  history: [{ action: 'promote', at: 'then', release: 'demo-2', from: 'a', to: 'b', source: 'other', reason: 'kinds' }],
};

/** Each command that asks the pages for readers, and what these answer. */
const readers: typeof commands = [
  [
    ['list', '--netrc', '/nowhere'],
    { GET: { access: 'public', channels: [document, { channel: 'gone', state: 'removed', latest: null }] } },
  ],
  [['show', 'demo', '--netrc', '/nowhere'], { GET: document }],
  [['history', 'demo', '--limit', '2', '--netrc', '/nowhere'], { GET: document }],
  [
    ['diff', 'demo', '--netrc', '/nowhere'],
    { GET: { ...document, releases: [release, { ...release, release: 'demo-1', rev: 'b'.repeat(40) }] } },
  ],
];

/** The value with hostile text in one of its texts or keys, for each of them; and in all of them. */
function poisoned(value: unknown): unknown[] {
  let places = 0;
  const walk = (each: unknown, at: number | 'all'): unknown => {
    const text = (sound: string): string => {
      places += 1;
      return at === 'all' || at === places ? `${sound}${controls}` : sound;
    };
    if (typeof each === 'string') return text(each);
    if (Array.isArray(each)) return each.map((inner) => walk(inner, at));
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(
      Object.entries(each).map(([key, inner]) => [
        key === 'demo-0' ? text(key) : key,
        // The one key that decides what the answer is, and is never printed.
        key === 'status' ? inner : walk(inner, at),
      ]),
    );
  };
  const all = walk(value, 'all');
  const count = places;
  return [
    all,
    ...Array.from({ length: count }, (_, index) => {
      places = 0;
      return walk(value, index + 1);
    }),
  ];
}

async function run(
  args: readonly string[],
  answer: (method: string, last: string) => ExchangeResult,
  more: object = {},
): Promise<CommandRun> {
  const send: Send = async (exchange) => {
    await bodyOf(exchange);
    const { pathname } = exchange.url;
    return answer(exchange.method, pathname.includes('/uploads/') ? 'upload' : (pathname.split('/').at(-1) ?? ''));
  };
  const { sleep, now } = new FakeClock();
  return runCommand(
    {
      environment: { CHANNELCTL_URL: 'https://api.test', XDG_STATE_HOME: directory.path, TMPDIR: directory.path },
      credentials: () => async () => ({ accessKeyId: 'key', secretAccessKey: 'secret' }),
      operation: () => 'operation-1',
      send,
      sleep,
      now,
      ...more,
    },
    ...args,
    ...(['--region', '--netrc'].some((flag) => args.includes(flag)) ? [] : ['--region', 'eu-central-1']),
  );
}

function expectHarmless({ out, err }: CommandRun): void {
  expect(out + err).not.toMatch(obeyed);
  expect(out + err).not.toMatch(/^forged/m);
  expect(err).not.toContain('This is a bug');
}

describe.each([...commands, ...readers])('%j', (args, answers) => {
  it('prints nothing that a terminal obeys, whatever stands in an answer', async () => {
    let escapes = 0;
    for (const [request, sound] of Object.entries(answers))
      for (const answer of poisoned(sound)) {
        const result = await run(args, (method, last) => {
          const asked = Object.hasOwn(answers, `${method} ${last}`) ? `${method} ${last}` : method;
          return { status: 200, body: JSON.stringify(asked === request ? answer : answers[asked]) };
        });
        expectHarmless(result);
        if (/\\u001b/.test(result.out + result.err)) escapes += 1;
      }
    expect(escapes).toBeGreaterThan(0);
  });

  it.each([409, 403, 500, 503])('prints nothing that a terminal obeys of a %i', async (status) => {
    const words = { code: `code${controls}`, detail: `Said${controls}`, field: `f${controls}`, message: controls };
    for (const body of [words, { message: controls }, { detail: words.detail, code: 'other-bytes' }]) {
      const headers = { 'retry-after': controls, date: controls };
      const result = await run(args, () => ({ status, body: JSON.stringify(body), headers }));
      expect(result.code).not.toBe(0);
      expectHarmless(result);
    }
  });

  it('prints JSON with --json that holds nothing that a terminal obeys, for what readers and publishers are answered', async () => {
    const headers = { 'content-type': 'text/plain' };
    const { out } = await run([...args, '--json'], () => ({ status: 410, body: `Said${controls}`, headers }));
    expect(out).not.toMatch(obeyed);
    expect(JSON.parse(out)).toEqual({ error: { code: expect.any(String), message: expect.any(String) } });
  });
});

describe.each(commands)('%j', (args) => {
  it('prints JSON with --json that says the same and holds nothing that a terminal obeys', async () => {
    const words = { code: 'other-bytes', detail: `Said${controls}` };
    const { out } = await run([...args, '--json'], () => ({ status: 409, body: JSON.stringify(words) }));
    expect(out).not.toMatch(obeyed);
    expect(JSON.parse(out)).toEqual({
      error: { code: 'other-bytes', message: expect.stringContaining('\x1b]0;title') },
    });
  });
});

describe('whatever else is read', () => {
  it('is harmless from CloudFormation', async () => {
    const message = controls.replace('\x1b', '').replace('\x07', '');
    for (const [status, body] of [
      [400, `<ErrorResponse><Error><Code>${message}</Code><Message>${message}</Message></Error></ErrorResponse>`],
      [403, `<ErrorResponse><Error><Code>${message}</Code></Error></ErrorResponse>`],
      [500, `<ErrorResponse><Error><Code>${message}</Code></Error></ErrorResponse>`],
    ] as const)
      expectHarmless(await run(['list', '--stack', 'S'], () => ({ status, body }), { environment: {} }));
  });

  it('is harmless from an archive and from the names of files', async () => {
    const refused = directory.file(
      'refused.tar.xz',
      tar(...top, header(`top/${controls.slice(0, 40)}`, { type: '6' })),
    );
    mkdirSync(`${directory.path}/${controls.replaceAll('/', '')}`);
    for (const path of [refused, `${directory.path}/none${controls}.tar.xz`, `${directory.path}/${controls}`])
      for (const args of [
        ['inspect', path],
        ['publish', 'demo', path],
      ])
        expectHarmless(await run(args, () => ({ status: 200, body: JSON.stringify(shown) })));
  });

  it('is harmless from a token and from what readers are answered', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { sub: controls, jti: controls, channels: [controls], aud: controls, iss: controls, exp: controls };
    const token = directory.file('token', `${part({ alg: controls, kid: controls })}.${part(claims)}.c2ln`);
    expectHarmless(await run(['token', 'inspect', token], () => ({ status: 200, body: '' })));
    const reader = ['doctor', 'reader', 'https://channels.test/channel/demo.tar.xz'];
    for (const status of [200, 307, 401, 404, 500]) {
      const headers = { link: controls, location: controls, date: controls, 'retry-after': controls };
      expectHarmless(await run(reader, () => ({ status, body: controls, headers })));
    }
  });

  it('is harmless from the command line', async () => {
    for (const args of [[controls], ['list', `--${controls}`], ['add', controls], ['list', '--url', controls]])
      expectHarmless(await run(args, () => ({ status: 200, body: '{}' })));
  });
});

describe('escaped text', () => {
  const anyControls = fc.string({ unit: fc.oneof(fc.constantFrom(...controls), fc.string({ unit: 'grapheme' })) });

  it('holds nothing that a terminal obeys, is escaped once, and is the same for harmless text', () => {
    fc.assert(
      fc.property(anyControls, (text) => {
        const escaped = escapeControls(text);
        expect(escaped).not.toMatch(obeyed);
        expect(escaped).not.toContain('\n');
        expect(escapeControls(escaped)).toBe(escaped);
        expect(escapeLines(text).split('\n')).toHaveLength(text.split('\n').length);
        if (!obeyed.test(text) && !text.includes('\n')) expect(escaped).toBe(text);
      }),
      { seed: 5 },
    );
  });

  it('is the same value where it is JSON', () => {
    fc.assert(
      fc.property(anyControls, (text) => {
        expect(JSON.parse(escapeLines(JSON.stringify({ [text]: text })))).toEqual({ [text]: text });
      }),
      { seed: 6 },
    );
  });
});
