import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { claimDataDir } from '../data-dir.ts';
import { listen } from './listen.ts';
import { serveRequest } from './serve-request.ts';
import { lockDataDir } from './store/data-dir-lock.ts';
import { Store } from './store/store.ts';

export interface S3Options {
  readonly dataDir: string;
  /** Addresses to listen on, all at one port; 0 takes a free one. */
  readonly hosts: readonly string[];
  readonly port: number;
  readonly region: string;
  /** The secret of an access key. */
  readonly credentials: (accessKeyId: string) => string | undefined;
  readonly clock?: () => Date;
  /** False: conditions of writes are not heeded, as by stores that do not know them. */
  readonly conditionalWrites?: boolean;
  /** True: the keys are known to everybody, so they count only for requests that come straight from this machine. */
  readonly onlyDirect?: boolean;
  readonly log?: (line: string) => void;
}

export interface RunningS3 {
  readonly port: number;
  /** Ends all connections, waits until nothing writes any more, and gives the data directory back. */
  readonly close: () => Promise<void>;
}

/**
 * An S3 server for localhost with its buckets in `dataDir`. Rejects with `code` EADDRINUSE (and `port`) where the port is
 * taken, ELOCKED where another process uses the directory, and BadSetting where that is not ours.
 */
export async function startS3(options: S3Options): Promise<RunningS3> {
  const { dataDir, hosts, region, credentials, conditionalWrites = true, onlyDirect = false } = options;
  const { clock = () => new Date(), log = () => {} } = options;
  claimDataDir(dataDir);
  const unlock = lockDataDir(dataDir);
  try {
    const store = new Store(dataDir);
    const running = new Set<Promise<void>>();
    const settings = { store, region, clock, credentials, conditionalWrites, onlyDirect };
    const listener: RequestListener = (request, response) => {
      const serving = serveRequest(request, response, settings, log);
      running.add(serving);
      serving.finally(() => running.delete(serving));
    };
    const { port, servers } = await listen(hosts, options.port, listener);
    const shutDown = async () => {
      const closed = servers.map((server) => once(server.close(), 'close'));
      for (const server of servers) server.closeAllConnections();
      await Promise.all([...closed, ...running]);
      await store.blobs.settle();
      unlock();
    };
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= shutDown();
      return closing;
    };
    return { port, close };
  } catch (error) {
    unlock();
    throw error;
  }
}
