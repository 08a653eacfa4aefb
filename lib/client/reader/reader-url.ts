import { InvalidInput } from '../../domain/problem.ts';

/** What a reader gives to Nix: the address of a channel or a release, or of the whole service. */
export interface ReaderUrl {
  readonly url: URL;
  /** Origin, perhaps with a path; without a slash at its end. */
  readonly base: string;
  /** What follows `/channel/`, such as `nixos-25.05.tar.xz`. */
  readonly file: string | undefined;
  /** Whether it is the address of a release. */
  readonly isPermanent: boolean;
}

/** Whether a URL was given where the name of a channel may stand: no name has such characters. */
export const isUrl = (text: string): boolean => text.includes('://');

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Never quotes what was given where that may hold a password. */
export function parseReaderUrl(text: string): ReaderUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new InvalidInput(
      'url',
      'The URL must be one of http or https, such as https://nix.example.org/channel/nixos-25.05.tar.xz.',
    );
  if (url.username !== '' || url.password !== '')
    throw new InvalidInput(
      'url',
      'The URL holds credentials, which end up in flake.lock: leave them out, and run channelctl login.',
    );
  url.hash = '';
  const form = /^(.*?)(?:\/channel(?:\/([^/]+)(?:\/nixexprs\.tar\.\w+)?)?|(\/permanent\/[^/]+))?\/*$/;
  const [, base = '', file, permanent] = form.exec(url.origin + url.pathname) ?? [];
  return { url, base, file: file === undefined ? undefined : decoded(file), isPermanent: permanent !== undefined };
}

/** The names that a channel's file may be of: all of it, and every beginning that ends before a dot. */
export const namesIn = (file: string): readonly string[] => [
  file,
  ...[...file.matchAll(/\./g)].map(({ index }) => file.slice(0, index)),
];
