import { escapeControls } from '../../../lib/domain/names.ts';
import type { Problem } from '../../../lib/domain/problem.ts';
import { escapeHtml, link, page, pasteBlock } from './html.ts';

/** A page with more links than this helps nobody, and the list at `/` has all. */
export const maxChannels = 50;

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
    '<p>The command then reads it from netrc, to list the channels and to show one:</p>',
    pasteBlock('channelctl list', `channelctl list ${base}`),
    pasteBlock('channelctl show', `channelctl show --url ${base} CHANNEL`),
  ].join('\n');

/** A refusal for a browser. @param channels the first of those that the reader may read, at most one more than are shown */
export function problemPage(base: string, { status, message }: Problem, channels: readonly string[]): string {
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
      channels.length > maxChannels ? `<p>${link(`${base}/`, 'All channels')}</p>` : '',
    ]
      .filter((part) => part !== '')
      .join('\n'),
    alternates: [],
  });
}
