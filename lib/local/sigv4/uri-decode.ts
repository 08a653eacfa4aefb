/**
 * The bytes behind percent-encoding. A `%` that begins no escape stands for itself: what it was meant to be is not ours
 * to guess, and the signature decides anyway. Characters are bytes, as node:http reads a request line.
 */
export function uriDecode(text: string): Buffer {
  const binary = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(binary, 'latin1');
}
