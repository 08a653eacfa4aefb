import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { dropBody } from '../drop-body.ts';
import type { S3Answer } from './s3-request.ts';

/** Writes an answer; rejects, with the connection ended, when it cannot be sent whole: most often the client went away. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers = {}, body = '', release }: S3Answer,
): Promise<void> {
  try {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.statusCode = status;
    if (request.method === 'HEAD' || status === 304) response.end();
    else if (typeof body === 'string') response.setHeader('Content-Length', Buffer.byteLength(body)).end(body);
    else await pipeline(Readable.from(body, { objectMode: false }), response);
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    release?.();
    dropBody(request);
  }
}
