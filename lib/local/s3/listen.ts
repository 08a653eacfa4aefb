import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Servers on the same port of every address; port 0 takes a free one. An IPv6 address that the machine lacks is left out. */
export async function listen(
  hosts: readonly string[],
  port: number,
  listener: RequestListener,
): Promise<{ readonly port: number; readonly servers: readonly Server[] }> {
  const servers: Server[] = [];
  let actual = port;
  try {
    for (const host of hosts) {
      // A large upload takes what it takes.
      const server = createServer({ requestTimeout: 0 }, listener);
      try {
        server.listen({ host, port: actual });
        await once(server, 'listening');
      } catch (error) {
        if (host.includes(':') && isAbsent(error) && hosts.length > 1) continue;
        throw error;
      }
      servers.push(server);
      actual = (server.address() as AddressInfo).port;
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return { port: actual, servers };
}

function isAbsent(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes((error as NodeJS.ErrnoException).code ?? '');
}
