/** A name that Nix takes for an attribute without quotes. */
const attribute = (channel: string): string =>
  channel.replaceAll(/[^A-Za-z0-9_-]/g, '-').replace(/^(?=[^A-Za-z_])/, '_');

/** The line of a flake that follows a channel. */
export const flakeInput = (channel: string, channelUrl: string): string =>
  `inputs.${attribute(channel)}.url = "${channelUrl}";`;
