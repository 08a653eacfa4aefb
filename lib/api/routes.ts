/**
 * Every route of the HTTP API, in API Gateway's path syntax. The stack makes its routes from this table, the local gateway
 * matches by it, and the publish function finds its handlers by `routeKey`.
 */
export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly target: 'serve' | 'publish';
  readonly authorization: 'none' | 'iam';
}

const read = (path: string): Route[] =>
  (['GET', 'HEAD'] as const).map((method) => ({ method, path, target: 'serve', authorization: 'none' }));

const write = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string): Route => ({
  method,
  path,
  target: 'publish',
  authorization: 'iam',
});

export const routes: readonly Route[] = [
  ...read('/channel/{channel}'),
  ...read('/channel/{channel}/{file}'),
  ...read('/permanent/{release}'),
  ...read('/'),
  ...read('/index.json'),
  ...read('/flake-registry.json'),
  write('GET', '/publish/catalog'),
  write('POST', '/publish/catalog'),
  write('PATCH', '/publish/catalog/{channel}'),
  write('DELETE', '/publish/catalog/{channel}'),
  write('POST', '/publish/catalog/{channel}/restore'),
  write('GET', '/publish/channels/{channel}'),
  write('POST', '/publish/channels/{channel}/uploads'),
  write('GET', '/publish/channels/{channel}/uploads/{id}'),
  write('POST', '/publish/channels/{channel}/releases'),
  write('POST', '/publish/channels/{channel}/rollback'),
  write('POST', '/publish/channels/{channel}/yank'),
  write('POST', '/publish/promotions/{from}/{to}'),
  write('POST', '/publish/retirements/{channel}'),
  write('POST', '/publish/pins/{channel}'),
  write('POST', '/publish/takedowns/{channel}'),
  write('GET', '/publish/revocations'),
  write('POST', '/publish/revocations'),
  write('GET', '/publish/doctor'),
  write('POST', '/publish/doctor'),
];

export const routeKey = (route: Route): string => `${route.method} ${route.path}`;

/** A request path of one channel. Names are percent-encoded. */
export const channelPath = (channel: string, rest = ''): string =>
  `/publish/channels/${encodeURIComponent(channel)}${rest}`;

/** A request path of one catalog entry. */
export const catalogPath = (channel: string, rest = ''): string =>
  `/publish/catalog/${encodeURIComponent(channel)}${rest}`;

/** A request path of what concerns the storage of a channel's releases, outside of what its publisher may do. */
export const storagePath = (deed: 'retirements' | 'pins' | 'takedowns', channel: string): string =>
  `/publish/${deed}/${encodeURIComponent(channel)}`;

/** What a publisher is allowed to do. */
interface PublisherRights {
  readonly channels: readonly string[];
  /** Whether it may retire and pin releases of these channels. */
  readonly retire?: boolean | undefined;
  readonly promotions: readonly { readonly from: string; readonly to: string }[];
  readonly administrator: boolean;
}

/** A method or `*`, and a path of the API, which may end in `*`. */
type AllowedRequest = readonly [method: string, path: string];

/**
 * The only requests that a publisher is allowed. API Gateway's `*` also matches slashes: after the channel's name and a slash it
 * matches only what belongs to that channel, and `nixos-25.05-small` does not begin with `nixos-25.05/`.
 */
export function publisherPaths({
  channels,
  retire,
  promotions,
  administrator,
}: PublisherRights): readonly AllowedRequest[] {
  if (administrator) return [['*', '/publish/*']];
  return [
    ...channels.flatMap((channel): AllowedRequest[] => [
      ['GET', `/publish/channels/${channel}`],
      ['*', `/publish/channels/${channel}/*`],
      ...(retire === true
        ? [['POST', `/publish/retirements/${channel}`] as const, ['POST', `/publish/pins/${channel}`] as const]
        : []),
    ]),
    ...promotions.map(({ from, to }): AllowedRequest => ['POST', `/publish/promotions/${from}/${to}`]),
  ];
}

/** What the schedule sends to the publish function. */
export const measureTask = { task: 'measure-channels' } as const;
