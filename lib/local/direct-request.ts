import type { IncomingMessage } from 'node:http';
import type { HeaderValues } from './sigv4/canonical-request.ts';

/** What of a request shows the way that it took. */
export interface ArrivedRequest {
  readonly headers: HeaderValues;
  /** As `1.1`. */
  readonly httpVersion: string;
}

/** A loopback name or address, perhaps with a port, as it stands in a Host header. */
const loopbackHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

const isForwarding = (name: string): boolean =>
  name === 'forwarded' || name === 'via' || name === 'x-real-ip' || name.startsWith('x-forwarded');

/** What browsers send by themselves and a page cannot leave out. Programs send none of it, WebSocket clients excepted. */
const ofPages = ['origin', 'sec-fetch-site', 'upgrade'];

/**
 * The sign that a request took a way through a proxy, or that a page reached this machine under a name of its own (DNS
 * rebinding). nginx speaks HTTP/1.0 to what is behind it unless told otherwise. Undefined where there is no sign.
 */
export function signOfProxy({ headers, httpVersion }: ArrivedRequest): string | undefined {
  const hosts = headers.get('host') ?? [];
  if (hosts.length !== 1 || !loopbackHost.test(hosts[0] as string)) return 'its Host is not localhost';
  const name = [...headers.keys()].find(isForwarding);
  if (name !== undefined) return `it has the header ${name}`;
  return httpVersion === '1.1' ? undefined : 'it is not HTTP/1.1';
}

/** The sign that a web page made a browser send a request. */
export function signOfPage({ headers }: ArrivedRequest): string | undefined {
  const name = ofPages.find((one) => headers.has(one));
  return name && `it has the header ${name}`;
}

/** What a refused request is told. */
export const notDirect = (sign: string): string =>
  `Refused, because ${sign}: everybody knows the keys "local", so they are accepted only from programs on this machine, without a proxy or a browser between. Use channelctl there with the URL that npm start prints, or start the service with PUBLISHER_ACCESS_KEY_ID and PUBLISHER_SECRET_ACCESS_KEY.`;

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
