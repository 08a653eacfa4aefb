import { escapeControls } from '../../../lib/domain/names.ts';
import type { Problem } from '../../../lib/domain/problem.ts';
import { escapeHtml, link, page, pasteBlock } from './html.ts';

/** A page with more links than this helps nobody, and the list at `/` has all. */
const maxChannels = 50;

const titles: Readonly<Record<number, string>> = {
  400: 'This address is not valid',
  401: 'A token is needed',
  404: 'Not found',
  410: 'No longer here',
};

/** The sentence that Nix shows has the channels in it; the page has links to them. */
const withoutList = (message: string): string => message.replace(/ Channels: [^"]*$/, '');

/** What a reader does who has no accepted token. */
const signIn = (base: string): string =>
  [
    '<h2>With a token</h2>',
    '<p>Save your token for Nix. The command asks for it:</p>',
    pasteBlock('channelctl login', `channelctl login ${base}`),
    '<p>If you publish to a channel, this shows it without a token:</p>',
    pasteBlock('channelctl show', 'channelctl show CHANNEL'),
  ].join('\n');

/** A refusal for a browser. @param channels that the reader may read */
export function problemPage(base: string, { status, message }: Problem, channels: readonly string[]): string {
  const more = channels.length - maxChannels;
  const links = channels
    .slice(0, maxChannels)
    .map((channel) => `<li>${link(`${base}/channel/${encodeURIComponent(channel)}`, channel)}</li>`);
  return page({
    base,
    title: titles[status] ?? 'This request was refused',
    main: [
      `<p class="lead">${escapeHtml(escapeControls(withoutList(message)))}</p>`,
      status === 401 ? signIn(base) : '',
      links.length === 0 ? '' : `<h2>Channels that you may read</h2>\n<ul class="names">\n${links.join('\n')}\n</ul>`,
      more > 0 ? `<p>${link(`${base}/`, `and ${more} more`)}</p>` : '',
    ]
      .filter((part) => part !== '')
      .join('\n'),
    alternates: [],
  });
}
