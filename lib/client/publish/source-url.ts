import { InvalidInput } from '../../domain/problem.ts';
import { isLoopback } from '../../domain/urls.ts';
import { findNetrc, netrcFile, netrcHost } from '../netrc/find.ts';
import { basicAuthorization, sentEntry } from '../netrc/parse.ts';

export const invalidUrl = (sentence: string): InvalidInput => new InvalidInput('url', sentence);

/** For messages. The query can hold a signature. */
export const shownUrl = ({ origin, pathname }: URL): string => `${origin}${pathname}`;

/** A URL that can be published from: https, or http to this machine, and no credentials. */
export function parseSourceUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw invalidUrl('The URL cannot be parsed.');
  assertFetchable(url);
  return url;
}

function assertFetchable(url: URL, allowHttp = false): void {
  if (url.username !== '' || url.password !== '')
    throw invalidUrl(
      `${shownUrl(url)} was given with a user name or password: put them into the netrc file of Nix instead.`,
    );
  if (url.protocol === 'https:' || (url.protocol === 'http:' && (allowHttp || isLoopback(url)))) return;
  throw invalidUrl(`${shownUrl(url)} is not https: publish takes https:// URLs, and http:// only from this machine.`);
}

/** Where an answer leads on to. Throws for what is not followed. @param allowHttp whether http is followed to other machines */
export function redirectTarget(from: URL, location: string, allowHttp = false): URL {
  if (!URL.canParse(location, from.href))
    throw invalidUrl(`${shownUrl(from)} redirects to something that is not a URL.`);
  const to = new URL(location, from);
  if (from.protocol === 'https:' && to.protocol !== 'https:')
    throw invalidUrl(`${shownUrl(from)} redirects from https to ${shownUrl(to)}, and that is not followed.`);
  assertFetchable(to, allowHttp);
  return to;
}

/** What Nix would send to that host, but for the entry `default`, which is for no host in particular. */
export async function authorizationFor(url: URL, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { path } = await findNetrc(undefined, environment);
  const file = await netrcFile(path);
  const entry = file.state === 'readable' ? sentEntry(file.text, netrcHost(url)) : undefined;
  return entry === undefined || entry.isDefault || entry.password === undefined ? undefined : basicAuthorization(entry);
}
