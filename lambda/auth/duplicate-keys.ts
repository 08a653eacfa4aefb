/**
 * Whether an object anywhere in the text has a key twice. JSON.parse keeps the last one and says nothing (RFC 8259, 4: "the
 * behavior of software that receives such an object is unpredictable"), so another reader could see other claims.
 *
 * @param json text that JSON.parse takes
 */
export function hasDuplicateKeys(json: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  for (const [token, string, after] of json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (after !== undefined) {
      const keys = open.at(-1);
      const key = JSON.parse(string as string) as string;
      if (keys?.has(key)) return true;
      keys?.add(key);
    }
  }
  return false;
}
