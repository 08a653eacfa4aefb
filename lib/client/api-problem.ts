import type { ProblemDetails } from '../api/problem.ts';
import { isObject } from '../domain/is-object.ts';
import { Problem, Unavailable } from '../domain/problem.ts';
import type { ExchangeResult } from './http-exchange.ts';

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

/** What the API refused, as a Problem: its own words where it has any, otherwise the gateway's put into ours. */
export function apiProblem({ status, body }: ExchangeResult, url: URL): Problem {
  const { detail, code, field, message } = detailsOf(body);
  if (typeof detail === 'string' && typeof code === 'string')
    return new Problem(status, code, detail, typeof field === 'string' ? { field } : {});
  if (status === 403)
    return new Problem(
      403,
      'forbidden',
      `${url.origin} refuses these AWS credentials: check who you are (aws sts get-caller-identity), the region, and that your policy allows execute-api:Invoke on ${url.pathname}.`,
    );
  if (status === 404)
    return new Problem(404, 'not-found', `${url.origin} has no publish API at ${url.pathname}: check --url.`);
  if (status === 429)
    return new Unavailable(`${url.origin} takes no more requests at present (429): run the same command again later.`);
  if (status >= 500)
    return new Unavailable(`${url.origin} does not answer as it should (${status}): run the same command again.`);
  return new Problem(
    status,
    'refused',
    `${url.origin} refused the request (${status}${typeof message === 'string' ? `: ${message}` : ''}).`,
  );
}
