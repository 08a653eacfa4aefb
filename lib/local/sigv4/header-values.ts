/** Header names in lower case, each with its values in the order in which they came. */
export type HeaderValues = ReadonlyMap<string, readonly string[]>;

/** Reads node:http's `rawHeaders` (name, value, name, value, …), which, unlike `headers`, drops no repeated one. */
export function headerValues(rawHeaders: readonly string[]): HeaderValues {
  const headers = new Map<string, string[]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = String(rawHeaders[i]).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), String(rawHeaders[i + 1])]);
  }
  return headers;
}
