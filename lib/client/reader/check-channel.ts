import { tarballFormatOf } from '../../domain/names.ts';
import { immutableTarget } from '../../domain/urls.ts';
import { type Answer, type Ask, unreachable } from './ask.ts';
import { type ReaderFinding, readerFinding } from './reader-finding.ts';
import type { ReaderUrl } from './reader-url.ts';

interface LinkCheck {
  readonly findings: readonly ReaderFinding[];
  /** What Nix would lock. */
  readonly locked?: URL;
}

/**
 * What Nix would make of a channel's Link.
 * @param subject the channel's address
 * @param base of the address that was asked
 */
function checkLink(subject: string, base: string, link: string | undefined): LinkCheck {
  if (link === undefined)
    return {
      findings: [
        readerFinding(
          'link-missing',
          subject,
          'The answer has no Link, so Nix locks the channel itself: the lock breaks with the next release.',
          'If there is a proxy in front of the service, let it pass the Link header on; otherwise tell the operator.',
        ),
      ],
    };
  const target = immutableTarget(link) ?? '';
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    return {
      findings: [
        readerFinding(
          'link-form',
          subject,
          `Nix ignores or refuses its Link, which is not exactly <URL>; rel="immutable": ${link.slice(0, 300)}`,
          'If there is a proxy in front of the service, let it leave the Link header as it is; otherwise tell the operator.',
        ),
      ],
    };
  if (url.href.startsWith(`${base}/permanent/`)) return { findings: [], locked: url };
  return {
    findings: [
      readerFinding(
        'base-url',
        subject,
        `Locks would hold addresses under ${url.origin}${url.pathname.replace(/\/permanent\/.*$/, '')}, not under ${base}: they live as long as that name, and netrc matches by host.`,
        `Use that address in your flake; if it is wrong, the operator sets the base URL (baseUrl, BASE_URL) to ${base}.`,
      ),
    ],
    locked: url,
  };
}

interface ChannelAnswer {
  readonly findings: readonly ReaderFinding[];
  /** `unknown` where nothing says whether it would be served. */
  readonly served: 'yes' | 'no' | 'unknown';
  /** What Nix would lock. */
  readonly locked?: URL;
  readonly skewMs?: number | undefined;
}

export interface ChannelCheck extends ChannelAnswer {
  readonly reader: ReaderUrl;
}

type Headers = Readonly<Record<string, string>>;

/** A name that no channel can have, to see who answers. */
const nobody = '-';

const channelAddress = ({ url, base, file }: ReaderUrl): URL =>
  file === undefined ? new URL(`${base}/channel/${nobody}`) : url;

/** The channel's address with its extension, which its page has; `/channel/NAME.json` is another page. */
function addressIn(page: string, { base, file = '' }: ReaderUrl): string | undefined {
  const start = `/channel/${encodeURIComponent(file)}`;
  const extensions = page
    .split(start)
    .slice(1)
    .map((rest) => /^\.[A-Za-z0-9._-]*[A-Za-z0-9_-]/.exec(rest)?.[0]);
  const extension = extensions.find((one) => one !== undefined && !one.endsWith('.json'));
  return extension === undefined ? undefined : base + start + extension;
}

/** @param renew what to do about a 401 */
function refusal({ status, text, contentType, location }: Answer, subject: string, renew: string): ReaderFinding {
  if (status >= 300 && status < 400 && location !== undefined)
    return readerFinding(
      'moved',
      subject,
      `It leads on to ${location.slice(0, 300)}. Nix follows, and sends no credentials along to another host.`,
      'Use the address that it leads to, here as in your flake.',
    );
  const said = text.slice(0, 300);
  if (!contentType.startsWith('text/plain') && status < 500)
    return readerFinding(
      'other-service',
      subject,
      `It answers ${status}, but not as a channel service does.`,
      'Check the URL: channels are at /channel/NAME behind the base URL, with the extension of their files, such as .tar.xz.',
    );
  if (status === 401) return readerFinding('refused', subject, said, renew);
  if (status === 404 || status === 410)
    return readerFinding(
      'not-found',
      subject,
      said,
      'Check the name and its extension. A private channel that the token does not open is answered like this too.',
    );
  return readerFinding(
    'unavailable',
    subject,
    `It answers ${status}: ${said}`,
    'Try again; if it stays so, tell the operator.',
  );
}

/** Whether it leads to another address of the channel, such as the one under https, and not to a release. */
const movesOn = ({ status, location, link }: Answer): boolean =>
  status >= 300 && status < 400 && location !== undefined && link === undefined && !location.includes('/permanent/');

/** For a program the page is text, which begins with the channel's name; earlier versions have HTML for everybody. */
const isPageOf = (channel: string, { status, contentType, text }: Answer): boolean =>
  status === 200 && (contentType.startsWith('text/html') || text.startsWith(`${channel}\n`));

async function askChannel(reader: ReaderUrl, ask: Ask, headers: Headers): Promise<ChannelAnswer> {
  const url = channelAddress(reader);
  const subject = url.href;
  const answer = await ask('GET', url, headers);
  if ('code' in answer) return { findings: [unreachable('unreachable', url, answer)], served: 'unknown' };
  const { status, skewMs, link, contentType } = answer;
  if (reader.file === undefined && status === 404 && contentType.startsWith('text/plain'))
    return { findings: [], served: 'unknown', skewMs };
  if (reader.file !== undefined && isPageOf(reader.file, answer) && tarballFormatOf(url.pathname) === undefined) {
    const address = addressIn(answer.text, reader);
    return {
      findings: [
        readerFinding(
          'no-extension',
          subject,
          'This is the page of the channel: nix-channel takes it, a flake input does not.',
          address === undefined
            ? 'Add the extension of its files. The page shows the whole URL when the channel has a release.'
            : `Add the extension of its files: ${address}`,
        ),
      ],
      served: 'yes',
      skewMs,
    };
  }
  const renew =
    headers.authorization === undefined
      ? 'See what is said of netrc.'
      : `Ask the operator for a new token: channelctl login ${reader.base}`;
  if (status !== 307 || reader.file === undefined || movesOn(answer))
    return { findings: [refusal(answer, subject, renew)], served: 'no', skewMs };
  return { ...checkLink(subject, reader.base, link), served: 'yes', skewMs };
}

/** Asks for a channel as Nix does, with the credentials that Nix would send. */
export const checkChannel = async (reader: ReaderUrl, ask: Ask, headers: Headers): Promise<ChannelCheck> => ({
  reader,
  ...(await askChannel(reader, ask, headers)),
});
