import * as http from 'node:http';
import * as https from 'node:https';
import type { Readable } from 'node:stream';

export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
  /** Milliseconds without any progress. */
  readonly idle: number;
  readonly signal?: AbortSignal;
}

export interface ExchangeResult {
  readonly status: number;
  readonly body: string;
}

export type Send = (exchange: Exchange) => Promise<ExchangeResult>;

/** One request and its whole answer, by node:http(s): it streams a part from the file at half of fetch's cost. */
export const send: Send = ({ method, url, headers, body, idle, signal }) =>
  new Promise((resolve, reject) => {
    const transport = url.protocol === 'http:' ? http : https;
    const options = { method, headers, timeout: idle, ...(signal === undefined ? {} : { signal }) };
    const request = transport.request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    request.on('timeout', () => request.destroy(new Error(`nothing came or went for ${idle / 1_000} s`)));
    request.on('error', (error) => {
      if (body !== undefined && 'destroy' in body) body.destroy();
      reject(error);
    });
    if (body === undefined || Buffer.isBuffer(body)) request.end(body);
    else body.on('error', (error) => request.destroy(error)).pipe(request);
  });
