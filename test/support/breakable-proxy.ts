import * as net from 'node:net';
import { relayTo } from './relay.ts';

export interface BreakableProxy {
  readonly endpoint: string;
  /** Refuses connections and ends those that are open, until mended. */
  readonly break: () => Promise<void>;
  readonly mend: () => Promise<void>;
}

/** A line to a server that can be cut. */
export async function breakableProxy(target: string): Promise<BreakableProxy> {
  const { join, end } = relayTo(target);
  const server = net.createServer(join);
  const listen = (at: number) => new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  await listen(0);
  const own = (server.address() as net.AddressInfo).port;
  return { endpoint: `http://127.0.0.1:${own}`, break: () => end(server), mend: () => listen(own) };
}
