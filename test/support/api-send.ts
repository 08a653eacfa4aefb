import type { Readable } from 'node:stream';
import { routeKey } from '../../lib/api/routes.ts';
import type { Exchange, ExchangeResult, Send } from '../../lib/client/api/http.ts';
import { matchRoute } from '../../lib/local/gateway/build-event.ts';
import { gatewayEvent } from './gateway-event.ts';
import { sha256 } from './memory-bucket.ts';
import { type PublishRig, publisher } from './publish-rig.ts';

export async function bodyOf({ body }: Exchange): Promise<Buffer> {
  if (body === undefined || Buffer.isBuffer(body)) return body ?? Buffer.alloc(0);
  const chunks: Buffer[] = [];
  for await (const chunk of body as Readable) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** What the command talks to, without sockets: the publish function at https://api.test, and parts at https://bucket.test. */
export function apiSend({ handler, bucket }: PublishRig): { readonly send: Send; readonly requests: string[] } {
  const requests: string[] = [];

  async function putPart(exchange: Exchange): Promise<ExchangeResult> {
    const { url, headers } = exchange;
    const body = await bodyOf(exchange);
    const [partNumber, uploadId] = [url.searchParams.get('partNumber'), url.searchParams.get('uploadId')];
    const hash = sha256(body, 'base64');
    if (hash !== headers['x-amz-checksum-sha256'])
      return { status: 400, body: '<Error><Code>BadDigest</Code></Error>' };
    bucket.putPartAs(uploadId as string, {
      partNumber: Number(partNumber),
      size: body.length,
      sha256: hash,
      etag: hash,
    });
    return { status: 200, body: '' };
  }

  return {
    requests,
    send: async (exchange) => {
      const { method, url } = exchange;
      requests.push(`${method} ${url.pathname}`);
      if (url.hostname === 'bucket.test') return putPart(exchange);
      const matched = matchRoute(method, url.pathname);
      if (matched === undefined) return { status: 404, body: '{"message":"Not Found"}' };
      const event = gatewayEvent({
        routeKey: routeKey(matched.route),
        method,
        rawPath: decodeURIComponent(url.pathname),
        userArn: publisher,
        pathParameters: matched.pathParameters,
        query: Object.fromEntries(url.searchParams),
        body: (await bodyOf(exchange)).toString(),
      });
      const { statusCode = 0, body = '' } = await handler(event, {} as never);
      return { status: statusCode, body };
    },
  };
}
