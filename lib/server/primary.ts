import * as http from 'node:http';
import * as net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../lambda/http/log.ts';
import { metricsContentType, metricsText } from './metrics.ts';
import type { ListenAddress, ServerSettings } from './settings.ts';
import { createNotify, passedSockets, watchdogIntervalMs } from './systemd.ts';
import { Team } from './team.ts';

/** Milliseconds. */
const pingIntervalMs = 5_000;
/** For everything between the signal and the end. */
const maxStopMs = 10_000;
/** Of these the last part, in which what is still open is cut off. */
const reserveMs = 500;

type ListenTarget = ListenAddress | { readonly fd: number };

function listen(server: net.Server, target: ListenTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...target, backlog: 1_024 }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function addressOf(server: net.Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return String(address);
  return address.family === 'IPv6' ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
}

interface PrimaryOptions {
  readonly settings: ServerSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

export interface Primary {
  /** Resolves when every request that had begun is answered, after 10 s at the latest. */
  readonly stop: (reason: string) => Promise<void>;
}

/** The one listener for programs of the operator. Readers do not reach it, so channels may be named in it. */
function metricsServer(team: Team): http.Server {
  return http.createServer({ headersTimeout: 5_000, requestTimeout: 5_000 }, async (incoming, outgoing) => {
    if (incoming.method !== 'GET' || incoming.url !== '/metrics') {
      outgoing
        .writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
        .end('Only GET /metrics is answered here.\n');
      return;
    }
    try {
      const text = await metricsText(await team.metrics());
      outgoing.writeHead(200, { 'content-type': metricsContentType }).end(text);
    } catch {
      outgoing
        .writeHead(503, { 'content-type': 'text/plain; charset=utf-8' })
        .end('A worker does not answer: try again.\n');
    }
  });
}

/** Milliseconds; under constant load there may be no turn without a new connection. */
const maxDrainQueueMs = 1_000;

/**
 * Resolves in the first turn of the event loop in which no connection came. libuv accepts one a turn, and those that still wait
 * in the kernel when the socket is closed are reset.
 */
async function emptyQueue(accepted: () => number): Promise<void> {
  const begun = performance.now();
  let before: number;
  do {
    before = accepted();
    await new Promise(setImmediate);
  } while (accepted() !== before && performance.now() - begun < maxDrainQueueMs);
}

/** Accepts connections and hands them to workers, so that none is lost between the two when the server ends. */
export async function startPrimary(options: PrimaryOptions): Promise<Primary> {
  const { settings, environment, log } = options;
  const passed = passedSockets(environment, process.pid);
  const fd = (descriptor: number): ListenTarget => ({ fd: descriptor });
  const targets = settings.listen.length > 0 ? settings.listen : passed.serve.map(fd);
  const metricsTargets = settings.metricsListen === undefined ? passed.metrics.map(fd) : [settings.metricsListen];

  const team = new Team(options);
  let accepted = 0;
  const acceptors = targets.map(() =>
    net.createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true }, (socket) => {
      accepted += 1;
      // Reset before a worker had it.
      socket.on('error', () => socket.destroy());
      team.dispatch(socket);
    }),
  );
  const metricsServers = metricsTargets.map(() => metricsServer(team));
  // The address is claimed first: a port in use is told before anything is started. Connections wait until a worker serves.
  for (const [index, server] of acceptors.entries()) await listen(server, targets[index] as ListenTarget);
  for (const [index, server] of metricsServers.entries()) await listen(server, metricsTargets[index] as ListenTarget);
  await Promise.all(Array.from({ length: settings.workers }, () => team.start()));
  team.open();

  let notifyFailed = false;
  const notify = createNotify(environment, (error) => {
    if (!notifyFailed)
      log('error', 'systemd-notify failed: install it, or use Type=exec in the unit', { error: error.message });
    notifyFailed = true;
  });
  const pings = setInterval(() => team.ping(), pingIntervalMs);
  const watchdog = watchdogIntervalMs(environment, process.pid);
  const watching = watchdog && setInterval(() => team.ping() && notify('WATCHDOG=1'), watchdog);
  await notify('READY=1');
  log('info', 'listening', {
    addresses: acceptors.map(addressOf),
    metrics: metricsServers.map(addressOf),
    baseUrl: settings.baseUrl,
    bucket: settings.bucket,
    workers: settings.workers,
    access: settings.jwt === undefined ? 'open' : 'jwt',
    publishers: settings.publishers?.map(({ name }) => name) ?? [],
  });

  return {
    stop: async (reason) => {
      const begun = performance.now();
      log('info', 'stopping', { reason });
      // Not waited for: it must not delay the end.
      void notify('STOPPING=1');
      clearInterval(pings);
      clearInterval(watching);
      if (settings.drainMs > 0) {
        team.drain();
        await sleep(settings.drainMs);
      }
      await emptyQueue(() => accepted);
      for (const server of acceptors) server.close();
      const killed = await team.stop(maxStopMs - reserveMs - (performance.now() - begun));
      for (const server of metricsServers) {
        server.close();
        server.closeAllConnections();
      }
      log(killed === 0 ? 'info' : 'warn', 'stopped', { killed });
    },
  };
}
