import type { Exchange, Send } from '../http-exchange.ts';
import { proxyVariable } from './proxy-variable.ts';

export interface Answer {
  readonly status: number;
  /** The beginning of its text. */
  readonly text: string;
  readonly contentType: string;
  readonly link: string | undefined;
  readonly location: string | undefined;
  /** Bytes of the whole object, where the answer has a part of it. */
  readonly wholeSize: number | undefined;
  /** Milliseconds by which this machine's clock is ahead; undefined where the answer has no date. */
  readonly skew: number | undefined;
}

/** Why there was no answer at all. */
export interface NoAnswer {
  readonly code: string;
  /** The variable that names a proxy for the address, which was not asked. */
  readonly proxy: string | undefined;
}

export interface AskOptions {
  readonly send: Send;
  readonly now: () => number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Certificates in PEM; Node's own otherwise. */
  readonly authorities?: readonly string[] | undefined;
}

/** One request; no redirect is followed. */
export type Ask = (
  method: 'GET' | 'HEAD',
  url: URL,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer | NoAnswer>;

/** Milliseconds; the gateway itself waits 30 s. */
const idle = 35_000;
/** Nix shows a text under 1024 bytes. */
const longestBody = 2_048;

const one = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.join(', ');

const sizeIn = (contentRange: string | undefined): number | undefined => {
  const [, size] = /^bytes \d+-\d+\/(\d{1,15})$/.exec(contentRange ?? '') ?? [];
  return size === undefined ? undefined : Number(size);
};

export const createAsk =
  ({ send, now, environment, authorities }: AskOptions): Ask =>
  async (method, url, headers = {}) => {
    const exchange: Exchange = { method, url, headers: { accept: '*/*', ...headers }, idle, longestBody, authorities };
    try {
      const begun = now();
      const { status, body, headers: answered = {} } = await send(exchange);
      const date = Date.parse(answered.date ?? '');
      // The answer was dated some time between question and answer, cut to the second.
      const ahead = begun > date ? Math.max(0, begun - date - 1_000) : Math.min(0, now() - date);
      return {
        status,
        text: body.trim(),
        contentType: answered['content-type'] ?? '',
        link: one(answered.link),
        location: answered.location,
        wholeSize: sizeIn(answered['content-range']),
        skew: Number.isNaN(date) ? undefined : ahead,
      };
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string };
      return { code: code ?? message ?? 'unknown', proxy: proxyVariable(url, environment) };
    }
  };
