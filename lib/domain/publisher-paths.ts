/** What somebody may publish. */
export interface PublisherRights {
  readonly channels: readonly string[];
  readonly promotions: readonly { readonly from: string; readonly to: string }[];
  readonly administrator: boolean;
}

/** A method, or `*`, and a path of the API, perhaps with `*` at its end. */
export type AllowedRequest = readonly [method: string, path: string];

/**
 * The requests that a publisher is allowed, and no others. API Gateway's `*` crosses slashes: behind a channel's own name
 * and a slash it reaches what belongs to that channel alone, and `nixos-25.05-small` is not behind `nixos-25.05/`.
 */
export function publisherPaths({ channels, promotions, administrator }: PublisherRights): readonly AllowedRequest[] {
  if (administrator) return [['*', '/publish/*']];
  return [
    ...channels.flatMap((channel): AllowedRequest[] => [
      ['GET', `/publish/channels/${channel}`],
      ['*', `/publish/channels/${channel}/*`],
    ]),
    ...promotions.map(({ from, to }): AllowedRequest => ['POST', `/publish/promotions/${from}/${to}`]),
  ];
}
