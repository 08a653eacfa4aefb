import { publisherPaths } from '../api/routes.ts';
import type { MatchedRoute, PublisherKeys } from '../local/gateway/authorize.ts';

/** Somebody who may publish, with the keys that they sign with. */
export interface ServerPublisher {
  readonly name: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly channels: readonly string[];
  readonly retire?: boolean | undefined;
  readonly promotions: readonly { readonly from: string; readonly to: string }[];
  readonly administrator: boolean;
}

/** The path of a request as a policy of the stack sees it: a slash inside of a parameter does not begin a new segment. */
const pathOf = ({ route, pathParameters }: MatchedRoute): string =>
  route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(pathParameters[name] ?? ''));

export function isAllowed(publisher: Omit<ServerPublisher, 'secretAccessKey'>, matched: MatchedRoute): boolean {
  const path = pathOf(matched);
  return publisherPaths(publisher).some(
    ([method, allowed]) =>
      (method === '*' || method === matched.route.method) &&
      (allowed.endsWith('*') ? path.startsWith(allowed.slice(0, -1)) : path === allowed),
  );
}

/** The keys of these publishers, each with their own rights. Undefined: nobody may publish. */
export function keysOfPublishers(publishers: readonly ServerPublisher[] | undefined): PublisherKeys {
  const byKey = new Map(publishers?.map((one) => [one.accessKeyId, one]));
  return {
    region: undefined,
    secretOf: (id) => byKey.get(id)?.secretAccessKey,
    nameOf: (id) => byKey.get(id)?.name ?? id,
    closed:
      publishers === undefined
        ? 'This server does not take publications: its operator can start it with --publishers FILE.'
        : undefined,
    unknownKey:
      'These keys may not publish here: check AWS_ACCESS_KEY_ID, or ask the operator of this server to add them to its publishers.',
    refuse: (id, matched) => {
      const publisher = byKey.get(id);
      return publisher !== undefined && isAllowed(publisher, matched)
        ? undefined
        : `${publisher?.name ?? 'This publisher'} may not send ${matched.route.method} ${pathOf(matched)}: the operator of this server can allow it in its publishers file.`;
    },
  };
}
