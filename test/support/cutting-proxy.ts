import * as http from 'node:http';

export interface CuttingProxy {
  readonly endpoint: string;
  /** Cuts the next whole answer to a GET of a path that ends so. */
  readonly cutNext: (path: string) => void;
  /** If-None-Match of each GET so far, or none, by path. */
  readonly asked: { readonly path: string; readonly knownEtag: string | undefined }[];
  readonly close: () => Promise<void>;
}

/** Passes on the first half of a body, without a Content-Length, and ends with its connection. */
export function sendHalf(answer: http.IncomingMessage, response: http.ServerResponse): void {
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  answer.on('end', () => {
    const whole = Buffer.concat(chunks);
    const { 'content-length': _, ...others } = answer.headers;
    response.useChunkedEncodingByDefault = false;
    response.writeHead(answer.statusCode ?? 502, { ...others, connection: 'close' });
    response.end(whole.subarray(0, whole.length >> 1));
  });
}

/**
 * Stands before an S3 server. A cut answer has no Content-Length and ends with its connection, in the middle: a client cannot
 * tell from HTTP that something is missing.
 */
export async function cuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const asked: CuttingProxy['asked'] = [];
  let cut: string | undefined;
  const server = http.createServer((request, response) => {
    const { method, url = '', headers } = request;
    const path = new URL(url, target).pathname;
    if (method === 'GET') asked.push({ path, knownEtag: headers['if-none-match'] });
    const onward = http.request({ hostname, port, method, path: url, headers, agent: false }, (answer) => {
      const { statusCode = 502 } = answer;
      if (method !== 'GET' || statusCode !== 200 || cut === undefined || !path.endsWith(cut)) {
        response.writeHead(statusCode, answer.headers);
        answer.pipe(response);
        return;
      }
      cut = undefined;
      sendHalf(answer, response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as { readonly port: number }).port}`,
    cutNext: (path) => {
      cut = path;
    },
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
