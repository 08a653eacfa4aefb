import * as net from 'node:net';

export interface BreakableProxy {
  readonly endpoint: string;
  /** Refuses connections and ends those that are open, until mended. */
  readonly break: () => Promise<void>;
  readonly mend: () => Promise<void>;
}

/** A line to a server that can be cut. */
export async function breakableProxy(target: string): Promise<BreakableProxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const far = net.connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('close', () => open.delete(from)).on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  const listen = (at: number) => new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  await listen(0);
  const own = (server.address() as net.AddressInfo).port;
  return {
    endpoint: `http://127.0.0.1:${own}`,
    break: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
    mend: () => listen(own),
  };
}
