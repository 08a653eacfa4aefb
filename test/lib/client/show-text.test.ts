import { describe, expect, it } from '@jest/globals';
import { addedText, listText, publishedText, shownText } from '../../../lib/client/show-text.ts';

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
    expect(addedText({ ...added, fresh: false })).toContain('is there already: demo');
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

  it('of a release that is the latest, and of one that is not', () => {
    const published = {
      status: 'published' as const,
      channel: 'demo',
      release: 'demo-1',
      channelUrl,
      permanentUrl,
      snippets: [{ use: 'curl' as const, text: 'curl it' }],
    };
    expect(publishedText({ ...published, fresh: true, latest: true })).toMatch(`\n${permanentUrl}\ncurl it`);
    expect(publishedText({ ...published, fresh: true, latest: true })).toMatch(
      /^published: demo-1 \(the latest of demo\)\n/,
    );
    expect(publishedText({ ...published, fresh: false, latest: false })).toMatch(
      /^already published: demo-1 \(demo leads to a newer release, and nothing moved\)\n/,
    );
  });

  it('of a release that has the bytes of the one before', () => {
    const urls = { channelUrl, permanentUrl, snippets: [] };
    const published = { status: 'published', channel: 'demo', release: 'demo-2', ...urls } as const;
    const text = publishedText({ ...published, fresh: true, latest: true, sameAs: 'demo-1' });
    expect(text).toContain('\nIt has the same bytes as demo-1: who has that one keeps it locked.\n');
    expect(publishedText({ ...published, fresh: true, latest: true })).not.toContain('same bytes');
  });

  it('of no channels', () => {
    expect(listText([])).toContain('channelctl add CHANNEL');
  });
});
