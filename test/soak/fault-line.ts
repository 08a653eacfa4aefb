import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { sendHalf } from '../support/cutting-proxy.ts';

/** What becomes of a request to the bucket. */
export type Fault =
  /** Passed on after a while. */
  | 'delay'
  /** 503 SlowDown, not passed on. */
  | 'slow-down'
  /** 500 InternalError, not passed on. */
  | 'internal-error'
  /** The connection ends, and nothing was passed on. */
  | 'closed'
  /** Passed on, and the connection ends instead of the answer. */
  | 'answer-lost'
  /** The connection ends in the middle of the body, before its Content-Length. */
  | 'answer-broken'
  /** The same without a Content-Length, so that HTTP does not show it. */
  | 'answer-cut'
  /** A completion's error after the status 200 (Amazon S3 API, CompleteMultipartUpload). */
  | 'error-in-200';

const weights: readonly (readonly [Fault, number])[] = [
  ['delay', 0.08],
  ['slow-down', 0.03],
  ['internal-error', 0.03],
  ['closed', 0.02],
  ['answer-lost', 0.03],
  ['answer-broken', 0.01],
  ['answer-cut', 0.01],
  ['error-in-200', 0.03],
];

/** Which fault a request meets, if any. */
export function chooseFault(
  draw: number,
  { method, url }: { readonly method: string; readonly url: string },
): Fault | undefined {
  let sum = 0;
  const [fault] = weights.find(([, weight]) => {
    sum += weight;
    return draw < sum;
  }) ?? [undefined];
  const path = url.split('?')[0] ?? '';
  // Nobody could tell a release that is cut in this way from a whole one. Nix knows its hash.
  if (fault === 'answer-cut' && !(method === 'GET' && path.endsWith('.json'))) return undefined;
  if (fault === 'answer-broken' && method !== 'GET') return undefined;
  if (fault === 'error-in-200' && !(method === 'POST' && url.includes('uploadId='))) return undefined;
  return fault;
}

const errorText = (code: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>by the soak</Message></Error>`;

/** An answer that takes longer than this is as good as none to a reader who has an older one. */
const slowMs = 800;

/** How one server fared with one document. Times are milliseconds since 1970. */
interface Loads {
  /** Reads of which the whole answer was passed on: when they began and ended. */
  readonly good: { readonly begunAt: number; readonly endedAt: number }[];
  readonly faultsAt: number[];
  /** When those began that are under way. */
  readonly open: Set<{ readonly begunAt: number }>;
}

export interface FaultLine {
  readonly endpoint: string;
  isFaulty: boolean;
  readonly faults: Partial<Record<Fault, number>>;
  requests: number;
  /** When the store itself last failed or took long, without a fault of this line: a busy machine is not calm. */
  troubledAt: number;
  /** What the serving function read, by key. */
  readonly loads: ReadonlyMap<string, Loads>;
  readonly close: () => Promise<void>;
}

/** Stands before an S3 server. Signatures name the host that the client knows, so headers are passed on as they are. */
export async function faultLine(target: string, random: () => number): Promise<FaultLine> {
  const { hostname, port } = new URL(target);
  const loads = new Map<string, Loads>();
  /** Paths of which the last answer was cut. */
  const cutLast = new Set<string>();
  const server = http.createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const begunAt = Date.now();
    line.requests += 1;
    const [path = '', query = ''] = url.split('?');
    const drawn = line.isFaulty ? chooseFault(random(), { method, url }) : undefined;
    // What is cut twice in a row is damaged, for all that a client can know.
    const fault = drawn === 'answer-cut' && cutLast.has(path) ? undefined : drawn;
    if (fault === 'answer-cut') cutLast.add(path);
    else cutLast.delete(path);
    if (fault !== undefined) line.faults[fault] = (line.faults[fault] ?? 0) + 1;
    // The publish function reads through the SDK, which names its operation.
    const key =
      method === 'GET' && path.endsWith('.json') && !query.includes('x-id=')
        ? path.split('/').slice(2).join('/')
        : undefined;
    const load = key === undefined ? undefined : (loads.get(key) ?? { good: [], faultsAt: [], open: new Set() });
    if (key !== undefined && load !== undefined) loads.set(key, load);
    const own = { begunAt };
    load?.open.add(own);
    if (fault !== undefined) load?.faultsAt.push(begunAt);
    response.on('close', () => {
      load?.open.delete(own);
      const endedAt = Date.now();
      if (fault === undefined && endedAt - begunAt > slowMs) line.troubledAt = endedAt;
      const isGood =
        response.writableFinished &&
        (response.statusCode === 200 || response.statusCode === 304 || response.statusCode === 404) &&
        (fault === undefined || fault === 'delay');
      if (isGood) load?.good.push({ begunAt, endedAt });
      if (!isGood || endedAt - begunAt > slowMs) load?.faultsAt.push(endedAt);
    });
    const refuse = (status: number, code: string): void => {
      request.resume().on('end', () => {
        response.writeHead(status, { 'content-type': 'application/xml' });
        response.end(method === 'HEAD' ? undefined : errorText(code));
      });
    };
    request.on('error', () => {});
    if (fault === 'slow-down') return refuse(503, 'SlowDown');
    if (fault === 'internal-error') return refuse(500, 'InternalError');
    if (fault === 'error-in-200') return refuse(200, 'InternalError');
    if (fault === 'closed') {
      request.destroy();
      return;
    }
    const passOn = (): void => {
      const onward = http.request({ hostname, port, method, path: url, headers, agent: false }, (answer) => {
        answer.on('error', () => response.destroy());
        if (fault === 'answer-lost') {
          answer.resume().on('end', () => response.destroy());
          return;
        }
        if (fault === 'answer-cut' && answer.statusCode === 200) {
          sendHalf(answer, response);
          return;
        }
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        if (fault === 'answer-broken') {
          response.flushHeaders();
          answer.once('data', (chunk: Buffer) =>
            response.write(chunk.subarray(0, chunk.length >> 1), () => response.destroy()),
          );
          answer.on('end', () => response.destroy());
          return;
        }
        answer.pipe(response);
      });
      onward.on('error', () => {
        if (fault === undefined) line.troubledAt = Date.now();
        response.destroy();
      });
      request.on('error', () => onward.destroy());
      request.pipe(onward);
    };
    if (fault === 'delay') setTimeout(passOn, 50 + random() ** 3 * 3_500);
    else passOn();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const line: FaultLine = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isFaulty: false,
    faults: {},
    requests: 0,
    troubledAt: Number.NEGATIVE_INFINITY,
    loads,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return line;
}

/** After a failure the old value is used for 5 s; the rest is for a machine that is busy. */
const afterFailureMs = 7_000;
/** From the end of a load until its value is used, on a machine that is busy. */
const storingMs = 2_000;

/**
 * Until when a server's answer at some time must know what was in the bucket. Where nothing failed that is the maximum age
 * before; where something did, the last load that succeeded. A server that waited in vain for a second uses the old value, even
 * if a busy machine is why its request has not arrived here: so an answer that took long counts as one after a failure.
 */
export function knownUntil(loads: Loads | undefined, begunAt: number, endedAt: number, maxAgeMs: number): number {
  const { good = [], faultsAt = [], open = [] } = loads ?? {};
  const last = good.findLast((load) => load.endedAt + storingMs <= begunAt)?.begunAt ?? Number.NEGATIVE_INFINITY;
  const isFaulty =
    endedAt - begunAt > slowMs ||
    faultsAt.findLast((at) => at <= endedAt && at >= begunAt - afterFailureMs) !== undefined ||
    [...open].some((load) => endedAt - load.begunAt > slowMs);
  return isFaulty ? last : Math.max(last, begunAt - maxAgeMs - storingMs);
}
