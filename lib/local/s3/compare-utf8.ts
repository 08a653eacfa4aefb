/** S3's order of keys. JavaScript's own, that of UTF-16, differs beyond the basic plane. */
export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
