import type { ProblemDetails } from '../api/problem.ts';
import { isObject } from '../domain/is-object.ts';
import { Problem, Unavailable } from '../domain/problem.ts';
import type { ExchangeResult } from './http-exchange.ts';
import { formatSeconds } from './progress.ts';
import { retryAfterMs } from './retry.ts';

/** What the API says, and API Gateway, which has `message` alone. Nothing of it is believed to be there. */
type Details = Readonly<Partial<Record<keyof ProblemDetails | 'message', unknown>>>;

function detailsOf(body: string): Details {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** AWS refuses a signature whose time is further away from its own. */
const maxClockDifferenceMs = 300_000;

/** What to say of a refused signature where the service's clock shows another time than this machine's. */
export function clockAdvice(headers: ExchangeResult['headers'], now: number): string | undefined {
  const differenceMs = now - Date.parse(headers?.date ?? '');
  if (!(Math.abs(differenceMs) > maxClockDifferenceMs)) return undefined;
  const direction = differenceMs > 0 ? 'ahead of' : 'behind';
  return `The clock of this machine is ${formatSeconds(Math.abs(differenceMs) / 1_000)} ${direction} the service's, and AWS refuses signatures over 5 minutes off: set the clock, then run the same command again`;
}

/** How a request was signed. */
export interface SignedFor {
  readonly region: string;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly now: number;
}

/** What the API refused, as a Problem: its own words where it has any, otherwise the gateway's put into ours. */
export function apiProblem({ status, body, headers }: ExchangeResult, url: URL, { region, now }: SignedFor): Problem {
  const { detail, code, field, message } = detailsOf(body);
  if (typeof detail === 'string' && typeof code === 'string')
    return new Problem(status, code, detail, typeof field === 'string' ? { field } : {});
  const waitMs = retryAfterMs(headers?.['retry-after'], now);
  const later = waitMs === 0 ? '' : ` in ${formatSeconds(waitMs / 1_000)}`;
  if (status === 403)
    return new Problem(
      403,
      'forbidden',
      `${url.origin} refuses this request, which was signed for the region ${region}. ${clockAdvice(headers, now) ?? `Check who you are (aws sts get-caller-identity), the region (--region), and that your policy allows execute-api:Invoke on ${url.pathname}`}.`,
    );
  if (status === 404)
    return new Problem(404, 'not-found', `${url.origin} has no publish API at ${url.pathname}: check --url.`);
  if (status === 429)
    return new Unavailable(
      `${url.origin} accepts no more requests at the moment (429): run the same command again${later || ' later'}.`,
    );
  if (status >= 500)
    return new Unavailable(
      `${url.origin} does not answer as it should (${status}): run the same command again${later}.`,
    );
  return new Problem(
    status,
    'refused',
    `${url.origin} refused the request (${status}${typeof message === 'string' ? `: ${message}` : ''}).`,
  );
}
