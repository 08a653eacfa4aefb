import * as http from 'node:http';

export interface RawAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface RawRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** One request exactly as written: no redirect is followed, and the path is not normalised. */
export function rawRequest(
  origin: string,
  path: string,
  { method = 'GET', headers = {}, body }: RawRequest = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole, text: whole.toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A GET that goes where it is led, as clients do. */
export async function follow(url: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
  let at = new URL(url);
  for (let hops = 0; hops < 10; hops += 1) {
    const answer = await rawRequest(at.origin, at.pathname + at.search, { headers });
    if (answer.status < 300 || answer.status > 308 || answer.headers.location === undefined) return answer;
    at = new URL(answer.headers.location, at);
  }
  throw new Error(`${url} leads round in circles`);
}
