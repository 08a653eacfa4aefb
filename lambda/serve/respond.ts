import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Problem } from '../../lib/domain/problem.ts';
import type { ReleaseFacts } from '../../lib/domain/release.ts';
import { immutableLink, permanentUrl } from '../../lib/domain/urls.ts';
import type { ObjectHead } from '../../lib/store/read/reader.ts';

/** A release that was asked for by its own name. */
interface Found {
  readonly key: string;
  readonly head: ObjectHead;
}

/** What was decided to answer, before it is put into HTTP. */
export type Intent =
  | { readonly kind: 'lead-to-release'; readonly key: string; readonly facts: ReleaseFacts }
  | ({ readonly kind: 'lead-to-bucket'; readonly url: string } & Found)
  | ({ readonly kind: 'describe-object' } & Found)
  | { readonly kind: 'not-modified'; readonly key: string; readonly etag: string; readonly head?: ObjectHead }
  /** Documents are rare, and bring their own answer. */
  | { readonly kind: 'show-document' | 'document-unchanged'; readonly response: Response };

export type Response = APIGatewayProxyStructuredResultV2;

const text = 'text/plain; charset=utf-8';

/**
 * Puts what was decided into HTTP. A Link on a locked fetch could contradict the lock, so GET of a release has none. Nix never
 * sends HEAD; npins does, and takes the Link from the last answer alone.
 */
export function respond(intent: Intent, base: string): Response {
  switch (intent.kind) {
    case 'lead-to-release':
      return {
        statusCode: 307,
        headers: {
          location: permanentUrl(base, intent.key),
          link: immutableLink(base, intent.key, intent.facts),
          'cache-control': 'no-cache',
        },
      };
    case 'lead-to-bucket':
      return { statusCode: 307, headers: { location: intent.url, 'cache-control': 'no-store' } };
    case 'describe-object':
      return {
        statusCode: 200,
        headers: {
          etag: intent.head.etag,
          'last-modified': intent.head.lastModified,
          link: immutableLink(base, intent.key, intent.head.facts),
          'accept-ranges': 'bytes',
          'content-length': String(intent.head.size),
          'content-type': 'application/octet-stream',
          'cache-control': 'no-store',
        },
      };
    case 'not-modified':
      return { statusCode: 304, headers: { etag: intent.etag, 'cache-control': 'no-cache' } };
    case 'show-document':
    case 'document-unchanged':
      return intent.response;
  }
}

/** Nix shows a body under 1024 bytes to its user. */
export function respondProblem(problem: Problem): Response {
  return {
    statusCode: problem.status,
    headers: {
      'content-type': text,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      ...(problem.status === 405 ? { allow: 'GET, HEAD' } : {}),
      ...(problem.status === 401 ? { 'www-authenticate': 'Basic realm="Nix channels"' } : {}),
    },
    body: `${problem.message}\n`,
  };
}
