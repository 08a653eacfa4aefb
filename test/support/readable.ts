/** Ref, GetAtt and Join as one text with `<Id>` and `<Id.Attribute>`, so that a test can say what an ARN is. */
export function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  const [[key, inner] = ['', undefined], ...more] = Object.entries(value);
  if (more.length === 0) {
    if (key === 'Ref') return `<${inner}>`;
    if (key === 'Fn::GetAtt') return `<${(inner as string[]).join('.')}>`;
    if (key === 'Fn::Join') return (inner as [string, unknown[]])[1].map(readable).join((inner as [string])[0]);
  }
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, readable(entry)]));
}
