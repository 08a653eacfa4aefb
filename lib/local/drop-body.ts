import type { IncomingMessage } from 'node:http';

/** Milliseconds in which a client can read its answer while it still sends. */
const patience = 1_000;

/**
 * For a request that was answered before its body was read. What still comes is dropped, so that the client sees the answer
 * and a short body harms no later request of the connection; what does not end soon ends with the connection.
 */
export function dropBody(request: IncomingMessage): void {
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), patience);
  request.once('close', () => clearTimeout(timer));
}
