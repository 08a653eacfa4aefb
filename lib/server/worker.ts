import type { Socket } from 'node:net';
import { createMeter, type Meter } from '../../lambda/http/log.ts';
import { apiGatewayLimits } from '../local/gateway/build-event.ts';
import { gatewayListener } from '../local/gateway/start-gateway.ts';
import { terminalLog } from '../local/terminal-log.ts';
import { createFunctions } from './create-functions.ts';
import { requestMetrics, type WorkerMetrics } from './metrics.ts';
import { keysOfPublishers } from './publisher-keys.ts';
import type { ServerSettings } from './settings.ts';
import { awsKeys, requestByScheme } from './store-access.ts';
import { createWebServer } from './web-server.ts';

/** What the primary process tells a worker. A `connection` comes with its socket. */
export type ToWorker =
  | { readonly kind: 'settings'; readonly settings: ServerSettings }
  | { readonly kind: 'connection' }
  /** This worker measures the channels from now on. */
  | { readonly kind: 'measure' }
  | { readonly kind: 'ping' }
  | { readonly kind: 'metrics' }
  | { readonly kind: 'drain' }
  | { readonly kind: 'stop' };

export type FromWorker =
  /** Waits for its settings. */
  | { readonly kind: 'started' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'metrics'; readonly metrics: WorkerMetrics };

/** Milliseconds between two measurements of the channels, as in the stack. */
const measureIntervalMs = 300_000;
/** Milliseconds. A client may have sent a request that has not arrived yet. */
const lingerMs = 500;
/** A publisher's request is JSON; the longest declares the checksums of ten thousand parts. Bytes, and milliseconds. */
const limits = { ...apiGatewayLimits, maxHeadBytes: 16_384, maxBodyBytes: 6 * 1024 * 1024 };

/** Writes what is printed in one go per turn of the event loop: a system call for each line costs more than the line. */
function batched(write: (text: string) => void): {
  readonly print: (text: string) => void;
  readonly flush: () => void;
} {
  let pending = '';
  const flush = (): void => {
    const text = pending;
    pending = '';
    if (text !== '') write(text);
  };
  return {
    print: (text) => {
      if (pending === '') setImmediate(flush);
      pending += text;
    },
    flush,
  };
}

interface WorkerOptions {
  readonly settings: ServerSettings;
  readonly now: () => number;
  readonly print: (text: string) => void;
  readonly send: (message: FromWorker) => void;
}

/** Serves the connections that the primary process accepts. Returns what takes its messages. */
async function startWorker(
  options: WorkerOptions,
): Promise<(message: ToWorker, socket: Socket | undefined) => Promise<void>> {
  const { settings, now, print, send } = options;
  const metrics = requestMetrics();
  const text = settings.log === 'text' ? terminalLog(now, print) : undefined;
  const write = text?.write ?? print;
  // Without what is for CloudWatch only.
  const writeCounted: Meter =
    text === undefined
      ? (values, fields) => print(`${JSON.stringify({ ...fields, ...values })}\n`)
      : createMeter({ now, write });
  const functions = createFunctions({
    settings,
    keys: awsKeys(),
    request: requestByScheme(),
    now,
    write,
    meter: (values, fields = {}) => {
      metrics.count(values, fields);
      writeCounted(values, fields);
    },
  });
  const server = createWebServer({
    listener: gatewayListener({
      handlers: functions.handlers,
      keys: keysOfPublishers(settings.publishers),
      onlyDirect: false,
      limits,
      now,
      onAnswer: text?.onAnswer,
      isOpen: () => true,
    }),
    isReady: functions.isStoreReady,
    maxConnections: settings.maxConnectionsPerWorker,
    lingerMs,
  });
  let schedule: NodeJS.Timeout | undefined;
  await functions.warm();
  send({ kind: 'ready' });
  return async (message, socket) => {
    switch (message.kind) {
      case 'connection':
        // Undefined where its client has closed it on the way.
        if (socket !== undefined) server.take(socket);
        break;
      case 'measure':
        schedule ??= setInterval(functions.measure, measureIntervalMs);
        await functions.measure();
        break;
      case 'ping':
        send({ kind: 'pong' });
        break;
      case 'metrics':
        send({ kind: 'metrics', metrics: await metrics.collect() });
        break;
      case 'drain':
        server.drain();
        break;
      case 'stop':
        clearInterval(schedule);
        await server.stop();
        await functions.close();
        process.disconnect();
    }
  };
}

/** Takes its settings and connections from the primary process. */
export function runWorker(print: (text: string) => void): void {
  // The primary process decides when a worker ends; a terminal sends its signals to all of them.
  process.on('SIGTERM', () => {}).on('SIGINT', () => {});
  process.on('disconnect', () => process.exit(0));
  const lines = batched(print);
  process.on('exit', lines.flush);
  const send = (message: FromWorker): void => {
    // Where the primary process is gone, `disconnect` ends this one.
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };
  let take: ReturnType<typeof startWorker> | undefined;
  process.on('message', async (message: ToWorker, socket: Socket | undefined) => {
    if (message.kind === 'settings')
      take = startWorker({ settings: message.settings, now: Date.now, print: lines.print, send });
    else await (await take)?.(message, socket);
  });
  send({ kind: 'started' });
}
