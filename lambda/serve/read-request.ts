import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { MethodNotAllowed, NotFound } from '../../lib/domain/problem.ts';

export type Target =
  | { readonly kind: 'channel'; readonly file: string }
  | { readonly kind: 'legacy'; readonly channel: string }
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
}

/** RFC 9110, 8.8.3. `*` names no release and is not honoured: a 304 must mean "you have these bytes". */
export const etagsOf = (header: string | undefined): string[] => header?.match(/"[^"]*"/g) ?? [];

/**
 * API Gateway gives `rawPath` percent-decoded. A `+` that was written bare may have become a blank on the way, and no name
 * has blanks.
 */
function targetOf(rawPath: string): Target {
  const [, root, name = '', file, ...rest] = rawPath.replaceAll(' ', '+').split('/');
  if (rest.length === 0 && root === 'permanent' && file === undefined) return { kind: 'permanent', key: name };
  if (rest.length === 0 && root === 'channel' && file === undefined) return { kind: 'channel', file: name };
  if (rest.length === 0 && root === 'channel' && /^nixexprs\.tar\.[a-z0-9]+$/.test(file ?? ''))
    return { kind: 'legacy', channel: name };
  throw new NotFound(
    'There is nothing at this address. Channels are at /channel/NAME.tar.xz, releases at /permanent/RELEASE.tar.xz.',
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
  };
}
