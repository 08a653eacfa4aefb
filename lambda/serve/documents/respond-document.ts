import { hash } from 'node:crypto';
import { escapeControls } from '../../../lib/domain/names.ts';
import type { Intent, Response } from '../respond.ts';
import { contentSecurityPolicy } from './html.ts';

/** A page, or a document for programs. */
interface ReadableDocument {
  readonly contentType: string;
  readonly body: string;
  readonly contentSecurityPolicy?: string;
  /** Whether everybody may read all of it. */
  readonly isPublic: boolean;
}

export const contentTypes = {
  html: 'text/html; charset=utf-8',
  json: 'application/json',
  text: 'text/plain; charset=utf-8',
  feed: 'application/atom+xml; charset=utf-8',
} as const;

/** Within the texts of JSON, `escapeControls` writes what JSON reads as the same text. */
export const json = (value: unknown, isPublic: boolean): ReadableDocument => ({
  contentType: contentTypes.json,
  body: `${JSON.stringify(value, null, 2).split('\n').map(escapeControls).join('\n')}\n`,
  isPublic,
});

export const html = (body: string, isPublic: boolean): ReadableDocument => ({
  contentType: contentTypes.html,
  body,
  contentSecurityPolicy,
  isPublic,
});

/** What a document depends on beside its address. */
const vary = 'accept, authorization';

export function answer(document: ReadableDocument, knownEtags: readonly string[]): Intent {
  const { contentType, body, isPublic } = document;
  const etag = `"${hash('sha256', contentType + body, 'base64url')}"`;
  if (knownEtags.includes(etag))
    return {
      kind: 'document-unchanged',
      response: { statusCode: 304, headers: { etag, 'cache-control': 'no-cache', vary } },
    };
  return {
    kind: 'show-document',
    response: {
      statusCode: 200,
      headers: {
        'content-type': contentType,
        'content-security-policy': document.contentSecurityPolicy ?? "default-src 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': isPublic ? 'no-cache' : 'private, no-cache',
        etag,
        vary,
        // Pages of other origins may read what everybody may read.
        ...(isPublic ? { 'access-control-allow-origin': '*' } : {}),
      },
      body,
    },
  };
}

/** An answer in text as the same answer with a page. */
export const asPage = (response: Response, body: string): Response => ({
  ...response,
  headers: {
    ...response.headers,
    'content-type': contentTypes.html,
    'content-security-policy': contentSecurityPolicy,
    'referrer-policy': 'no-referrer',
    vary,
  },
  body,
});
