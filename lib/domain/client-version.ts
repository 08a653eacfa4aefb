/** Characters of a User-Agent that are looked at. */
const looked = 200;

/** Nix writes `curl/8.11.0 Nix/2.34.8` (src/libstore/filetransfer.cc); a pre-release adds `pre20250515_0123abc`. */
const version = /(?:^|\s)Nix\/(\d{1,3}(?:\.\d{1,4}){1,3}(?:pre\d{8}_[0-9a-f]{1,12})?)(?=$|\s)/;

/** The version of Nix that a client says it is; undefined where it says anything else. */
export const clientVersion = (userAgent: string | undefined): string | undefined =>
  userAgent === undefined ? undefined : version.exec(userAgent.slice(0, looked))?.[1];
