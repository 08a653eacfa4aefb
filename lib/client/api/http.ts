import * as http from 'node:http';
import * as https from 'node:https';
import type { Readable } from 'node:stream';
import type { SignatureV4 } from '@smithy/signature-v4';

export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
  readonly idleTimeoutMs: number;
  readonly signal?: AbortSignal;
  /** How much of the answer's body is kept; the rest is not read. */
  readonly maxBodyBytes?: number;
  /** Gets the body of a 200 in pieces, instead of the result. */
  readonly onBody?: (chunk: Buffer) => void;
  /** PEM certificates of the trusted authorities; Node's own if undefined. */
  readonly authorities?: readonly string[] | undefined;
}

export interface ExchangeResult {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<http.IncomingHttpHeaders>;
  /** Names and values in turn, with the case of the names as sent. */
  readonly rawHeaders?: readonly string[];
}

export type Send = (exchange: Exchange) => Promise<ExchangeResult>;

/** Sends one request. It uses node:http(s), which streams a part of a file at half the cost of fetch. */
export const send: Send = ({
  method,
  url,
  headers,
  body,
  idleTimeoutMs,
  signal,
  maxBodyBytes = Infinity,
  onBody,
  authorities,
}) =>
  new Promise((resolve, reject) => {
    const transport = url.protocol === 'http:' ? http : https;
    const options = {
      method,
      headers,
      timeout: idleTimeoutMs,
      ...(signal === undefined ? {} : { signal }),
      ...(authorities === undefined ? {} : { ca: [...authorities] }),
    };
    const request = transport.request(url, options, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const end = (): void => {
        const whole = Buffer.concat(chunks).subarray(0, maxBodyBytes).toString();
        const { statusCode: status = 0, headers, rawHeaders } = response;
        resolve({ status, body: whole, headers, rawHeaders });
      };
      response.on('data', (chunk: Buffer) => {
        if (onBody !== undefined && response.statusCode === 200) {
          onBody(chunk);
          return;
        }
        chunks.push(chunk);
        length += chunk.length;
        if (length <= maxBodyBytes) return;
        end();
        response.destroy();
      });
      response.on('error', reject);
      response.on('end', end);
    });
    request.on('timeout', () =>
      request.destroy(new Error(`no data was sent or received for ${idleTimeoutMs / 1_000} s`)),
    );
    request.on('error', (error) => {
      if (body !== undefined && 'destroy' in body) body.destroy();
      reject(error);
    });
    if (body === undefined || Buffer.isBuffer(body)) request.end(body);
    else body.on('error', (error) => request.destroy(error)).pipe(request);
  });

interface Signable {
  readonly method: string;
  readonly url: URL;
  readonly contentType?: string;
  readonly body?: string | undefined;
}

/** The headers of a request with Signature Version 4. */
export async function signedHeaders(
  signer: Pick<SignatureV4, 'sign'>,
  { method, url, contentType = 'application/json', body }: Signable,
): Promise<Readonly<Record<string, string>>> {
  const { headers } = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host, ...(body === undefined ? {} : { 'content-type': contentType }) },
    body,
  });
  return body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) };
}
