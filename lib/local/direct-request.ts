import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../domain/urls.ts';
import type { HeaderValues } from './sigv4/canonical-request.ts';

/** The parts of a request that show how it arrived. */
export interface ArrivedRequest {
  readonly headers: HeaderValues;
  /** Such as `1.1`. */
  readonly httpVersion: string;
}

/** Whether a Host header is a loopback name or address, with or without a port. */
function isLoopbackHost(host: string): boolean {
  const [, hostname = ''] = /^(\[.*\]|[^:]*)(?::\d{1,5})?$/.exec(host.toLowerCase()) ?? [];
  return isLoopback({ hostname });
}

const isForwarding = (name: string): boolean =>
  name === 'forwarded' || name === 'via' || name === 'x-real-ip' || name.startsWith('x-forwarded');

/** Headers that browsers add and a page cannot remove. Of other programs, only WebSocket clients send one of them. */
const browserHeaders = ['origin', 'sec-fetch-site', 'upgrade'];

/**
 * Why a request seems to come through a proxy, or from a page that reached this machine by another host name (DNS rebinding);
 * otherwise undefined. By default nginx sends HTTP/1.0 to the server behind it.
 */
export function proxyReason({ headers, httpVersion }: ArrivedRequest): string | undefined {
  const hosts = headers.get('host') ?? [];
  if (hosts.length !== 1 || !isLoopbackHost(hosts[0] as string)) return 'its Host is not localhost';
  const name = [...headers.keys()].find(isForwarding);
  if (name !== undefined) return `it has the header ${name}`;
  return httpVersion === '1.1' ? undefined : 'it is not HTTP/1.1';
}

/** Why a request seems to be sent by a web page; otherwise undefined. */
export function pageReason({ headers }: ArrivedRequest): string | undefined {
  const name = browserHeaders.find((one) => headers.has(one));
  return name && `it has the header ${name}`;
}

export const notDirectMessage = (reason: string): string =>
  `Refused, because ${reason}. The keys "local" are public, so they are accepted only from programs on this machine, without a proxy or a browser in between. Use channelctl there with the URL that the service prints when it starts, or start the service with PUBLISHER_ACCESS_KEY_ID and PUBLISHER_SECRET_ACCESS_KEY.`;

/** How long a client that is still sending has to read its answer. */
const drainTimeoutMs = 1_000;

/**
 * Discards the rest of a request that was answered before its body was read, so that the client reads the answer and can reuse
 * the connection. If the body does not end soon, the connection is closed.
 */
export function dropBody(request: IncomingMessage): void {
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), drainTimeoutMs);
  request.once('close', () => clearTimeout(timer));
}
