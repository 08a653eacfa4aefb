import * as http from 'node:http';
import * as https from 'node:https';

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  /** Names as they came over the wire. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export type Ask = (asked: Asked) => Promise<Answer>;

/** Milliseconds. */
const timeout = 35_000;

const pairs = (raw: readonly string[]): [string, string][] =>
  Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index] as string, raw[2 * index + 1] as string]);

/** One request, of whose answer every byte is looked at: redirects are not followed, names keep their case. */
export const ask: Ask = ({ method, url, headers = {}, body }) =>
  new Promise((resolve, reject) => {
    const request = (url.protocol === 'http:' ? http : https).request(url, { method, headers, timeout }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: pairs(response.rawHeaders),
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeout / 1_000} s`)));
    request.on('error', reject);
    request.end(body);
  });

/** The header, whatever its case. */
export const headerOf = ({ headers }: Answer, name: string): string | undefined =>
  headers.find(([one]) => one.toLowerCase() === name)?.[1];
