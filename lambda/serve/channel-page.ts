import { type ChannelRecord, resolvedRelease } from '../../lib/domain/record.ts';
import { type Snippet, snippetsOf } from '../../lib/domain/snippets.ts';
import { permanentUrl } from '../../lib/domain/urls.ts';

const headings: Readonly<Record<Snippet['use'], string>> = {
  'flake input': 'As a flake input:',
  'nix-channel': 'With nix-channel:',
  fetchTarball: 'In a Nix expression:',
  curl: 'To download the latest:',
  fetchurl: 'In a Nix expression:',
};

const html = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Channel and release names have no character that HTML would take for its own. */
export function channelPage(channel: string, record: ChannelRecord, base: string): string {
  const release = resolvedRelease(record);
  const latest =
    release === undefined
      ? '<p>No release is published at present.</p>'
      : `<p>Latest release: <a href="${html(permanentUrl(base, release + record.fileExtension))}">${release}</a></p>`;
  const uses = snippetsOf(base, channel, record).map(
    ({ use, text }) => `<p>${headings[use]}</p>\n<pre>${html(text)}</pre>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${channel}</title>
<h1>${channel}</h1>
${[latest, ...uses].join('\n')}
</html>
`;
}
