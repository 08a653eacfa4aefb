import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** `CHROMIUM`: the program of a Chromium; undefined where there is none. */
export const chromium = process.env.CHROMIUM || undefined;

interface Started {
  readonly profile: string;
  readonly close: () => Promise<void>;
}

async function start(program: string, url: string): Promise<Started> {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const child = spawn(
    program,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--hide-scrollbars',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--user-data-dir=${profile}`,
      // Stays open until it is told to end.
      '--remote-debugging-port=0',
      url,
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  return {
    profile,
    close: async () => {
      child.kill('SIGTERM');
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Opens a page in a new browser without a window. Gives what ends it. */
export const browse = async (program: string, url: string): Promise<() => Promise<void>> =>
  (await start(program, url)).close;

type Parameters = Readonly<Record<string, unknown>>;

/** A tab that is driven by the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/). */
export interface Tab {
  readonly send: (method: string, parameters?: Parameters) => Promise<Record<string, unknown>>;
  /** What the tab has told since the last `open`. */
  readonly events: readonly { readonly method: string; readonly params: Record<string, unknown> }[];
  /** Loads a page. */
  readonly open: (url: string) => Promise<void>;
  /** The value of an expression in the page; of a promise, what it gives. */
  readonly evaluate: <Value>(expression: string) => Promise<Value>;
  readonly resize: (width: number, height: number) => Promise<unknown>;
  readonly colors: (scheme: 'light' | 'dark') => Promise<unknown>;
  readonly press: (key: string, modifiers?: number) => Promise<void>;
  readonly picture: (options: Parameters) => Promise<Buffer>;
  readonly close: () => Promise<void>;
}

async function addressOf(profile: string): Promise<string> {
  const path = join(profile, 'DevToolsActivePort');
  while (!existsSync(path)) await sleep(50);
  const [port, name] = (await readFile(path, 'utf8')).split('\n');
  return name === undefined ? addressOf(profile) : `ws://127.0.0.1:${port}${name}`;
}

/** A browser without a window, with one tab. */
export async function openTab(program: string): Promise<Tab> {
  const { profile, close } = await start(program, 'about:blank');
  const socket = new WebSocket(await addressOf(profile));
  await once(socket, 'open');
  const waiting = new Map<
    number,
    { resolve: (value: Record<string, unknown>) => void; reject: (error: Error) => void }
  >();
  let listeners: ((method: string) => void)[] = [];
  const events: Tab['events'][number][] = [];
  let last = 0;
  let sessionId: string | undefined;
  socket.addEventListener('message', ({ data }) => {
    const { id, method, params, result, error } = JSON.parse(String(data));
    if (id === undefined) {
      events.push({ method, params });
      for (const listen of listeners) listen(method);
    } else if (error === undefined) waiting.get(id)?.resolve(result);
    else waiting.get(id)?.reject(new Error(error.message));
  });
  const send: Tab['send'] = (method, params = {}) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    });
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const attached = await send('Target.attachToTarget', { targetId, flatten: true });
  sessionId = attached.sessionId as string;
  for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await send(`${domain}.enable`);
  const evaluate: Tab['evaluate'] = async (expression) => {
    const { result, exceptionDetails } = await send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: never }).value;
  };
  return {
    send,
    events,
    evaluate,
    async open(url) {
      events.length = 0;
      const loaded = new Promise<void>((resolve) => {
        listeners = [(method) => method === 'Page.loadEventFired' && resolve()];
      });
      await send('Page.navigate', { url });
      await loaded;
    },
    resize: (width, height) =>
      send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false }),
    colors: (value) => send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] }),
    async press(key, modifiers = 0) {
      const windowsVirtualKeyCode = { Tab: 9, Enter: 13 }[key] ?? 0;
      const text = key === 'Enter' ? { text: '\r' } : {};
      await send('Input.dispatchKeyEvent', {
        type: 'keyDown',
        key,
        code: key,
        windowsVirtualKeyCode,
        modifiers,
        ...text,
      });
      await send('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key, windowsVirtualKeyCode, modifiers });
    },
    picture: async (options) => Buffer.from((await send('Page.captureScreenshot', options)).data as string, 'base64'),
    close: async () => {
      socket.close();
      await close();
    },
  };
}
