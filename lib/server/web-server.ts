import * as http from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds, and bytes. */
const limits = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  // Longer than the 60 s for which load balancers keep an idle connection, so that it is they who close it.
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1_000,
} as const;

interface WebServerOptions {
  /** Answers what is not about the server's own health. */
  readonly listener: http.RequestListener;
  readonly isReady: () => Promise<boolean>;
  readonly maxConnections: number;
  /** Milliseconds after which a connection without a request is closed when the server ends. */
  readonly lingerMs: number;
  /** Milliseconds for a client to send its headers; tests make it shorter. */
  readonly headersTimeoutMs?: number;
}

export interface WebServer {
  /** Takes a connection that was accepted elsewhere. */
  readonly take: (socket: Socket) => void;
  /** From now on `/readyz` says 503, so that load balancers send no more. */
  readonly drain: () => void;
  /** Answers what has begun, tells its clients that their connections end, and resolves when all are closed. */
  readonly stop: () => Promise<void>;
}

const busy =
  'HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 38\r\n\r\nThe server is at its limit: try again.';

interface Connection {
  requests: number;
  /** Bytes that had been read when it was last looked at, and since when there were no more. */
  bytesRead: number;
  quietSince: number;
}

/** The HTTP side of a worker: limits, health, and an end that loses no request. */
export function createWebServer(options: WebServerOptions): WebServer {
  const { listener, isReady, maxConnections, lingerMs, headersTimeoutMs } = options;
  const connections = new Map<Socket, Connection>();
  const unanswered = new Set<http.ServerResponse>();
  let state: 'serving' | 'draining' | 'stopping' = 'serving';

  async function answerHealth(path: string, outgoing: http.ServerResponse): Promise<void> {
    const isFine = path === '/healthz' || (state === 'serving' && (await isReady()));
    const text = isFine ? 'ok' : state === 'serving' ? 'the store does not answer' : 'stopping';
    outgoing.writeHead(isFine ? 200 : 503, {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
    });
    outgoing.end(outgoing.req.method === 'HEAD' ? undefined : `${text}\n`);
  }

  const server = http.createServer(
    { ...limits, ...(headersTimeoutMs === undefined ? {} : { headersTimeout: headersTimeoutMs }) },
    (incoming, outgoing) => {
      const { socket } = incoming;
      const connection = connections.get(socket);
      if (connection !== undefined) connection.requests += 1;
      unanswered.add(outgoing);
      outgoing.once('close', () => {
        unanswered.delete(outgoing);
        if (connection !== undefined) connection.requests -= 1;
      });
      if (state === 'stopping') outgoing.setHeader('connection', 'close');
      const { method, url } = incoming;
      if ((method === 'GET' || method === 'HEAD') && (url === '/healthz' || url === '/readyz'))
        answerHealth(url, outgoing);
      else listener(incoming, outgoing);
    },
  );
  // It never listens itself, so the check of headersTimeout and requestTimeout has to be started by hand.
  server.emit('listening');

  /** Closes connections that have no request, and have sent nothing for a while. */
  function closeQuiet(): void {
    const now = performance.now();
    for (const [socket, connection] of connections) {
      if (connection.requests > 0 || socket.bytesRead !== connection.bytesRead) {
        connection.bytesRead = socket.bytesRead;
        connection.quietSince = now;
      } else if (now - connection.quietSince >= lingerMs) socket.destroy();
    }
  }

  return {
    take(socket) {
      // Reset by its client: its end is all there is to do.
      socket.on('error', () => socket.destroy());
      if (connections.size >= maxConnections) {
        socket.end(busy);
        socket.resume();
        return;
      }
      connections.set(socket, { requests: 0, bytesRead: 0, quietSince: performance.now() });
      socket.once('close', () => connections.delete(socket));
      server.emit('connection', socket);
      socket.resume();
    },
    drain: () => {
      if (state === 'serving') state = 'draining';
    },
    stop: async () => {
      state = 'stopping';
      for (const outgoing of unanswered) if (!outgoing.headersSent) outgoing.setHeader('connection', 'close');
      const begun = performance.now();
      for (const connection of connections.values()) connection.quietSince = Math.max(connection.quietSince, begun);
      while (connections.size > 0) {
        await sleep(20);
        closeQuiet();
      }
      server.close();
    },
  };
}
