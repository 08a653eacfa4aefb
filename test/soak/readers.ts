import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RawAnswer, rawRequest } from '../support/raw-request.ts';
import { basic } from '../support/tokens.ts';
import { knownUntil } from './fault-line.ts';
import type { ChannelRead, ReleaseRead } from './invariants.ts';
import { pick } from './plan.ts';
import type { SoakServer } from './servers.ts';

export interface ReaderWorld {
  readonly random: () => number;
  readonly servers: readonly SoakServer[];
  readonly channels: readonly string[];
  /** Without a token for the reader who has none. */
  readonly tokens: readonly { readonly jti: string; readonly token?: string }[];
  readonly maxAgeMs: number;
  readonly isCalm: () => boolean;
  readonly isOver: () => boolean;
}

export interface Readings {
  readonly channels: ChannelRead[];
  readonly releases: ReleaseRead[];
  /** Connections that ended without an answer, by what was asked. */
  readonly unanswered: Record<string, number>;
  readonly unansweredInCalm: string[];
  readonly latencies: Record<string, number[]>;
}

const answerTimeoutMs = 40_000;
const extension = '.tar.xz';

const timeout = async (what: string): Promise<never> => {
  await sleep(answerTimeoutMs, undefined, { ref: false });
  throw new Error(`no answer in ${answerTimeoutMs / 1_000} s from ${what}`);
};

/** A reader as Nix is one: it asks for a channel, goes where it is led, and keeps some permanent URLs for later. */
export async function readAgainAndAgain(world: ReaderWorld, readings: Readings): Promise<void> {
  const { random, servers, channels, tokens, maxAgeMs, isCalm, isOver } = world;
  const kept: string[] = [];

  async function ask(
    what: string,
    origin: string,
    path: string,
    authorization: string | undefined,
  ): Promise<RawAnswer | undefined> {
    const begun = performance.now();
    const wasCalm = isCalm();
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    try {
      const answer = await Promise.race([rawRequest(origin, path, { headers }), timeout(origin + path)]);
      readings.latencies[what] ??= [];
      readings.latencies[what].push(performance.now() - begun);
      return answer;
    } catch (error) {
      readings.unanswered[what] = (readings.unanswered[what] ?? 0) + 1;
      if (wasCalm && isCalm()) readings.unansweredInCalm.push(`${origin}${path}: ${(error as Error).message}`);
      return undefined;
    }
  }

  async function readRelease(release: string, jti: string, authorization: string | undefined): Promise<void> {
    const server = pick(random, servers) as SoakServer;
    const begunAt = Date.now();
    const wasCalm = isCalm();
    const answer = await ask('/permanent', server.origin, `/permanent/${release}${extension}`, authorization);
    if (answer === undefined) return;
    const answeredAt = Date.now();
    const { status, headers, text } = answer;
    let sha256: string | undefined;
    if (status === 307) {
      const target = new URL(headers.location as string);
      // S3 refuses a presigned request that has credentials too; Nix sends none to another host.
      const file = await ask('the bucket', target.origin, target.pathname + target.search, undefined);
      if (file?.status === 200) sha256 = createHash('sha256').update(file.body).digest('hex');
      else if (file?.status === 404 || (wasCalm && isCalm() && file !== undefined))
        sha256 = `none: the bucket answered ${file.status}`;
    }
    readings.releases.push({
      release,
      jti,
      begunAt,
      endedAt: answeredAt,
      knowsDenials: knownUntil(server.line.loads.get('revoked.json'), begunAt, answeredAt, maxAgeMs),
      status,
      sha256,
      text: text.slice(0, 200),
      isCalm: wasCalm && isCalm(),
    });
  }

  while (!isOver()) {
    const server = pick(random, servers) as SoakServer;
    const channel = pick(random, channels) as string;
    const { jti, token } = pick(random, tokens) as ReaderWorld['tokens'][number];
    const authorization = token === undefined ? undefined : basic(token);
    const begunAt = Date.now();
    const wasCalm = isCalm();
    const answer = await ask('/channel', server.origin, `/channel/${channel}${extension}`, authorization);
    if (answer !== undefined) {
      const endedAt = Date.now();
      const known = (key: string): number => knownUntil(server.line.loads.get(key), begunAt, endedAt, maxAgeMs);
      const release = answer.headers.location?.split('/permanent/')[1]?.slice(0, -extension.length);
      readings.channels.push({
        channel,
        server: server.origin,
        jti,
        begunAt,
        endedAt,
        knows: Math.min(known('channels.json'), known(`${channel}.json`)),
        knowsDenials: known('revoked.json'),
        status: answer.status,
        release,
        text: answer.text.slice(0, 200),
        isCalm: wasCalm && isCalm(),
      });
      if (release !== undefined) {
        kept.push(release);
        await readRelease(release, jti, authorization);
      }
      const old = random() < 0.3 ? pick(random, kept) : undefined;
      if (old !== undefined) await readRelease(old, jti, authorization);
    }
    await sleep(30 + random() * 150);
  }
}
