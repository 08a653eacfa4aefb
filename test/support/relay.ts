import * as net from 'node:net';

export interface Relay {
  /** Joins a connection with one to the server. */
  readonly join: (near: net.Socket) => void;
  /** Ends all connections, and what listens for more. */
  readonly end: (server: net.Server) => Promise<void>;
}

/** What is before a server and passes on every byte. */
export function relayTo(target: string): Relay {
  const { hostname, port } = new URL(target);
  const open = new Set<net.Socket>();
  return {
    join(near) {
      const far = net.connect(Number(port), hostname);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        open.add(from);
        from.on('close', () => open.delete(from)).on('error', () => to.destroy());
        from.pipe(to);
      }
    },
    end: (server) =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
