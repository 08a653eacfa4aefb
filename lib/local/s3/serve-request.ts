import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorAnswer } from './error-answer.ts';
import { handleRequest, type S3Settings } from './handle-request.ts';
import { S3Error } from './s3-error.ts';
import { sendAnswer } from './send-answer.ts';

/** From request to answer. The log gets a line for each, without the query: presigned ones are secrets. */
export async function serveRequest(
  request: IncomingMessage,
  response: ServerResponse,
  settings: S3Settings,
  log: (line: string) => void,
): Promise<void> {
  const requestId = randomBytes(8).toString('hex').toUpperCase();
  const [path = ''] = (request.url ?? '').split('?');
  response.setHeader('x-amz-request-id', requestId);
  const answer = await handleRequest(request, settings).catch((error: unknown) => {
    if (!(error instanceof S3Error) && !request.errored) log(`${requestId} ${(error as Error).stack}`);
    const refusal =
      error instanceof S3Error ? error : new S3Error(request.errored ? 'IncompleteBody' : 'InternalError');
    log(`${requestId} ${request.method} ${path} ${refusal.status} ${refusal.code}: ${refusal.message}`);
    return errorAnswer(refusal, path, requestId);
  });
  if (answer.status < 300) log(`${requestId} ${request.method} ${path} ${answer.status}`);
  await sendAnswer(request, response, answer).catch((error: Error) => {
    log(`${requestId} ${request.method} ${path} broke off: ${error.message}`);
  });
}
