/** What a request brings: a token, nothing, or something that is neither Basic nor Bearer. */
export type Credentials = { readonly token: string } | 'none' | 'malformed';

/** RFC 7617, 2: the user name ends at the first colon; it is not looked at. RFC 6750, 2.1: a bearer token. */
export function readCredentials(authorization: string | undefined): Credentials {
  if (authorization === undefined || authorization === '') return 'none';
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +([A-Za-z0-9+/=._~-]+)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { token: value };
  if (scheme.toLowerCase() !== 'basic') return 'malformed';
  const pair = Buffer.from(value, 'base64').toString();
  const colon = pair.indexOf(':');
  if (colon === -1) return 'malformed';
  const token = pair.slice(colon + 1);
  return token === '' ? 'none' : { token };
}
