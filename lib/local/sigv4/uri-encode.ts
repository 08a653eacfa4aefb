const unreserved = /[A-Za-z0-9\-._~]/;

const encodings = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return unreserved.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

/** `UriEncode` of the SigV4 specification: everything but RFC 3986's unreserved characters becomes `%XX`. */
export function uriEncode(text: string | Uint8Array): string {
  return Array.from(Buffer.from(text), (byte) => encodings[byte]).join('');
}
