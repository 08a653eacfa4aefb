export interface StoreRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole request, a second attempt included. */
  readonly timeoutMs: number;
}

export interface StoreResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** How the read path talks to the bucket, and to where the bucket's keys are kept. A parameter everywhere, so that https and http are each loaded only where used. */
export type RequestFunction = (request: StoreRequest) => Promise<StoreResponse>;

const maxConnections = 8;
const maxBodyBytes = 16 * 1024 * 1024;

type Http = typeof import('node:http');
type Transport = Pick<Http, 'request' | 'Agent'>;

/** The connection was kept from before, and broke before an answer began: S3 had closed it in the meantime. */
class StaleConnection extends Error {}

function send(
  transport: Transport,
  agent: InstanceType<Http['Agent']> | false,
  request: StoreRequest,
  signal: AbortSignal,
): Promise<StoreResponse> {
  return new Promise((resolve, reject) => {
    const { method, url, headers } = request;
    const outgoing = transport.request(url, { method, agent, signal, ...(headers === undefined ? {} : { headers }) });
    let answered = false;
    outgoing.on('response', (incoming) => {
      answered = true;
      const chunks: Buffer[] = [];
      let length = 0;
      incoming.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBodyBytes) incoming.destroy(new Error(`the answer is over ${maxBodyBytes} bytes`));
        else chunks.push(chunk);
      });
      incoming.on('error', reject);
      incoming.on('end', () => {
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    outgoing.on('error', (error) => {
      reject(outgoing.reusedSocket && !signal.aborted && !answered ? new StaleConnection() : error);
    });
    outgoing.end(request.body);
  });
}

/** @param transport `node:https`, or `node:http` for a bucket on localhost. */
export function nodeRequest(transport: Transport): RequestFunction {
  const kept = new transport.Agent({ keepAlive: true, maxSockets: maxConnections });
  return async (request) => {
    const signal = AbortSignal.timeout(request.timeoutMs);
    try {
      return await send(transport, kept, request, signal);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
      return send(transport, false, request, signal);
    }
  };
}
