import { describe, expect, it } from '@jest/globals';
import { addedText, listText, removedText, restoredText, shownText } from '../../../lib/client/commands/channels.ts';
import { changedText } from '../../../lib/client/commands/going-back.ts';
import { publishedText } from '../../../lib/client/commands/publish.ts';

const channelUrl = 'https://channels.test/channel/demo.tar.xz';
const permanentUrl = 'https://channels.test/permanent/demo-1.tar.xz';
const shown = {
  channel: 'demo',
  fileExtension: '.tar.xz',
  channelUrl,
  visibility: 'private' as const,
  maxAge: null,
  latest: null,
  snippets: [],
  serial: 1,
  previous: 0,
  rollsBackTo: null,
  rolledBack: false,
  yanked: {},
  history: { entries: [] },
};

describe('what the command says', () => {
  it('of a channel that was added, and of one that was there', () => {
    const added = { channel: 'demo', fileExtension: '.tar.xz', visibility: 'private', channelUrl } as const;
    expect(addedText({ ...added, fresh: true })).toBe(`added demo (.tar.xz)\n${channelUrl}`);
    expect(addedText({ ...added, fresh: false })).toContain('nothing changed: the channel is already there: demo');
    expect(addedText({ ...added, visibility: 'public', fresh: true })).toContain('added demo (.tar.xz, public)\n');
  });

  it('of an empty channel', () => {
    const text = shownText(shown);
    expect(text).toContain('(no release yet)');
    expect(text).not.toMatch(/rev|narHash|permanent|undefined/);
  });

  it('of a channel with facts and a history, in columns', () => {
    const text = shownText({
      ...shown,
      latest: 'demo-1',
      permanentUrl,
      snippets: [{ use: 'nix-channel', text: 'nix-channel --add it' }],
      facts: { release: 'demo-1', etag: '"e"', revCount: 0, lastModified: 0, sha256: 'ab'.repeat(32) },
      history: {
        entries: [
          {
            serial: 2,
            operation: 'o',
            action: 'publish',
            release: 'demo-1',
            from: 'older-release',
            at: '2026-01-02',
            by: 'me',
          },
          { serial: 1, operation: 'o', action: 'add', at: '2026-01-01', by: 'me' },
          { release: 'older-release' },
        ],
      },
    });
    expect(text).toMatch(/last modified +1970-01-01T00:00:00\.000Z/);
    expect(text).toMatch(/rev count +0\n/);
    expect(text).toMatch(/\nnix-channel +nix-channel --add it\n/);
    expect(text.split('\n\n')[1]).toBe(
      [
        '2026-01-02  publish  demo-1         from older-release  by me',
        '2026-01-01  add                                         by me',
        '                     older-release',
      ].join('\n'),
    );
  });

  const published = {
    status: 'published',
    channel: 'demo',
    release: 'demo-1',
    latestRelease: 'demo-1',
    channelUrl,
    permanentUrl,
    snippets: [{ use: 'curl', text: 'curl it' }],
  } as const;

  it('of a release that became the latest', () => {
    const text = publishedText({ ...published, fresh: true, latest: true });
    expect(text).toMatch(/^published: demo-1 \(the latest of demo\)\nReaders see it within /);
    expect(text).toMatch(`\n${permanentUrl}\ncurl it`);
  });

  it('of a release, by a service that is older than the command and gives no lines to paste', () => {
    const { snippets, ...older } = published;
    expect(publishedText({ ...older, fresh: true, latest: true })).toMatch(new RegExp(`\n${permanentUrl}$`));
    expect(snippets).toHaveLength(1);
  });

  it('of a release that was published before: nothing moved, so nothing is to be seen', () => {
    const again = publishedText({ ...published, fresh: false, latest: true });
    expect(again).toMatch(/^already published: demo-1 \(nothing changed: demo already points to it\)\n/);
    const rolledBack = publishedText({ ...published, fresh: false, latest: false, latestRelease: 'demo-0' });
    expect(rolledBack).toContain(
      'already published: demo-1 (nothing changed: demo still points to demo-0; to go back to this one: channelctl rollback demo --to demo-1)\n',
    );
    const overtaken = publishedText({ ...published, fresh: true, latest: false, latestRelease: 'demo-2' });
    expect(overtaken).toContain('published: demo-1 (demo now points to demo-2; to go back');
    for (const text of [again, rolledBack, overtaken]) expect(text).not.toContain('Readers see it');
  });

  it('of a release that has the bytes of the one before', () => {
    const text = publishedText({ ...published, release: 'demo-2', fresh: true, latest: true, sameAs: 'demo-1' });
    expect(text).toContain('\nIt has the same bytes as demo-1: a lock of that one stays as it is.\n');
    expect(publishedText({ ...published, fresh: true, latest: true })).not.toContain('same bytes');
  });

  it('of no channels', () => {
    expect(listText([])).toContain('channelctl add CHANNEL');
  });
});

describe('what the command says of a change', () => {
  const to = (latest: string | null, from?: string) =>
    ({ channel: 'a', latest, channelUrl, ...(from === undefined ? {} : { from }) }) as const;

  it.each([
    ['a rollback', { ...to('a-2', 'a-3'), action: 'rollback' }, {}, 'rolled back: a now points to a-2 (was a-3)'],
    ['a first promotion', { ...to('b-1'), action: 'promote' }, {}, 'promoted: a now points to b-1'],
    [
      'a yank of the latest',
      { ...to('a-2', 'a-3'), action: 'yank' },
      { release: 'a-3' },
      'yanked a-3: readers of a now get a-2 (was a-3)',
    ],
    [
      'a yank of the last one',
      { ...to(null, 'a-3'), action: 'yank' },
      { release: 'a-3' },
      'yanked a-3: a now has no release: readers get 404 (was a-3)',
    ],
    [
      'a yank of an older one',
      { ...to('a-3', 'a-3'), action: 'yank' },
      { release: 'a-1' },
      'yanked a-1: readers of a still get a-3',
    ],
    [
      'a yank taken back',
      { ...to('a-2'), action: 'unyank' },
      { release: 'a-2' },
      'undid the yank of a-2: readers of a now get a-2',
    ],
  ])('prints %s, and when readers see it if the channel changed', (_, changed, asked, first) => {
    const text = changedText({ ...changed, fresh: true }, asked);
    expect(text.split('\n')[0]).toBe(first);
    expect(text.includes('Readers see it')).toBe(!first.includes('still'));
  });

  it.each([
    ['a rollback', { ...to('a-2', 'a-3'), action: 'rollback' }, {}, 'would roll back: a would point to a-2 (now a-3)'],
    [
      'a yank',
      { ...to('a-2', 'a-3'), action: 'yank' },
      { release: 'a-3' },
      'would yank a-3: readers of a would get a-2 (now a-3)',
    ],
    [
      'a yank of the last',
      { ...to(null, 'a-3'), action: 'yank' },
      { release: 'a-3' },
      'would yank a-3: a would have no release: readers get 404 (now a-3)',
    ],
  ])('prints %s in a dry run', (_, changed, asked, first) => {
    const text = changedText({ ...changed, fresh: true }, { ...asked, dryRun: true });
    expect(text).toBe(`dry run, nothing was changed: ${first}`);
  });

  it.each([
    ['a rollback', { ...to('a-2'), action: 'rollback' }, {}, 'nothing changed: a already points to a-2'],
    [
      'a yank',
      { ...to('a-2'), action: 'yank' },
      { release: 'a-3' },
      'nothing changed: a-3 is already yanked, and a points to a-2',
    ],
    [
      'a yank taken back',
      { ...to(null), action: 'unyank' },
      { release: 'a-3' },
      'nothing changed: a-3 is not yanked, and a has no release',
    ],
  ])('prints that nothing changed for %s', (_, changed, asked, text) => {
    expect(changedText({ ...changed, fresh: false }, asked)).toBe(text);
  });

  it('a removal and a restoration, whatever happened since', () => {
    const removed = { channel: 'a', removed: true, fresh: true };
    expect(removedText(removed)).toMatch(/^removed a: readers get 410.*"channelctl restore a".*\nReaders see it/);
    expect(removedText({ ...removed, fresh: false })).toBe('nothing changed: a is already removed');
    expect(removedText({ ...removed, removed: false })).toBe('removed a, but it has been restored since');
    expect(removedText(removed, true)).toBe('dry run, nothing was changed: would remove a: readers would get 410');
    const restored = { ...removed, removed: false, latest: 'a-1', visibility: 'public', channelUrl } as const;
    expect(restoredText(restored)).toMatch(/^restored a \(public\): it points to a-1\nReaders see it/);
    expect(restoredText({ ...restored, latest: null, visibility: 'private' })).toMatch(
      /^restored a: it has no release\n/,
    );
    expect(restoredText({ ...restored, fresh: false })).toBe('nothing changed: a is not removed, and points to a-1');
    expect(restoredText({ ...restored, removed: true })).toBe('restored a, but it has been removed again since');
    expect(restoredText(restored, true)).toBe('dry run, nothing was changed: would restore a, which points to a-1');
  });
});
