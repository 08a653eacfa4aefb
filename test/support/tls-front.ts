import type * as net from 'node:net';
import * as tls from 'node:tls';
import { localhostTls } from './localhost-tls.ts';
import { relayTo } from './relay.ts';

export interface TlsFront {
  /** `https://localhost:PORT`; `localhostCertificate` is to be trusted. */
  readonly endpoint: string;
  readonly close: () => Promise<void>;
}

/** The same server over TLS: the functions that are deployed speak nothing else. */
export async function tlsFront(target: string): Promise<TlsFront> {
  const { join, end } = relayTo(target);
  const server = tls.createServer(localhostTls, join);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return { endpoint: `https://localhost:${(server.address() as net.AddressInfo).port}`, close: () => end(server) };
}
