import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { MethodNotAllowed, NotFound } from '../../lib/domain/problem.ts';

export type Target =
  | { readonly kind: 'channel'; readonly file: string }
  /** By the channel's name alone: its latest release, or a document about it. */
  | { readonly kind: 'named'; readonly channel: string; readonly as: 'latest' | 'json' | 'rev' | 'feed' }
  | { readonly kind: 'index'; readonly as: 'page' | 'json' | 'registry' }
  | { readonly kind: 'permanent'; readonly key: string };

/** What a reader asks for. */
export interface ReadRequest {
  readonly method: 'GET' | 'HEAD';
  readonly target: Target;
  /** The entity tags of If-None-Match, without weakness marks. */
  readonly knownEtags: readonly string[];
  /** Whether a Range asks for something that does not begin at the first byte. */
  readonly resumes: boolean;
  /** As it was sent: whoever reads it must not log it. */
  readonly authorization: string | undefined;
  readonly accept: string | undefined;
  /** Where the next page of a list begins. */
  readonly after: string | undefined;
}

/** RFC 9110, 8.8.3. `*` names no release and is not honoured: a 304 must mean "you have these bytes". */
export const etagsOf = (header: string | undefined): string[] => header?.match(/"[^"]*"/g) ?? [];

const indexes: Readonly<Record<string, 'page' | 'json' | 'registry'>> = {
  '': 'page',
  'index.json': 'json',
  'flake-registry.json': 'registry',
};

/** What there is below the name of a channel. Nix asks for the first by `nix-channel --add`. */
function documentOf(file: string): 'latest' | 'rev' | 'feed' | undefined {
  if (/^nixexprs\.tar\.[a-z0-9]+$/.test(file)) return 'latest';
  if (file === 'git-revision') return 'rev';
  return file === 'feed.atom' ? 'feed' : undefined;
}

/**
 * API Gateway gives `rawPath` percent-decoded. A `+` that was written bare may have become a blank on the way, and no name
 * has blanks.
 */
function targetOf(rawPath: string): Target {
  const [start, root, name, file, ...rest] = rawPath.replaceAll(' ', '+').split('/');
  if (start === '' && root !== undefined && rest.length === 0) {
    if (name === undefined && Object.hasOwn(indexes, root))
      return { kind: 'index', as: indexes[root] as 'page' | 'json' | 'registry' };
    if (root === 'permanent' && file === undefined) return { kind: 'permanent', key: name ?? '' };
    if (root === 'channel' && file === undefined) {
      // Neither names nor extensions end so.
      const [, channel] = /^(.+)\.json$/.exec(name ?? '') ?? [];
      return channel === undefined ? { kind: 'channel', file: name ?? '' } : { kind: 'named', channel, as: 'json' };
    }
    const as = root === 'channel' ? documentOf(file ?? '') : undefined;
    if (as !== undefined && name !== undefined) return { kind: 'named', channel: name, as };
  }
  throw new NotFound(
    'There is nothing at this address. The channels are listed at /, and each is at /channel/NAME.tar.xz.',
  );
}

export function readRequest(event: APIGatewayProxyEventV2): ReadRequest {
  const { method } = event.requestContext.http;
  if (method !== 'GET' && method !== 'HEAD') throw new MethodNotAllowed();
  const range = event.headers.range;
  return {
    method,
    target: targetOf(event.rawPath),
    knownEtags: etagsOf(event.headers['if-none-match']),
    resumes: range !== undefined && !/^bytes=\s*0+-/i.test(range),
    authorization: event.headers.authorization,
    accept: event.headers.accept,
    after: event.queryStringParameters?.after,
  };
}
