import { type Route, routes } from '../../domain/routes.ts';

export interface MatchedRoute {
  readonly route: Route;
  /** Percent-decoded. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

function parametersOf(pattern: string, segments: readonly string[]): Record<string, string> | undefined {
  const expected = pattern.split('/');
  if (expected.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const segment = segments[index] as string;
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name === undefined ? part !== segment : segment === '') return undefined;
    if (name !== undefined) parameters[name] = decodeURIComponent(segment);
  }
  return parameters;
}

/** @param rawPath as it stands in the request line; throws URIError when its percent-encoding is broken */
export function matchRoute(method: string, rawPath: string): MatchedRoute | undefined {
  const segments = rawPath.split('/');
  for (const route of routes) {
    const pathParameters = route.method === method ? parametersOf(route.path, segments) : undefined;
    if (pathParameters !== undefined) return { route, pathParameters };
  }
  return undefined;
}
