/** Ref, GetAtt, Join and a part of a Split as one text with `<Id>`, `<Id.Attribute>` and `<Id/2>`, so that a test can say what an ARN is. */
export function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  const [[key, inner] = ['', undefined], ...more] = Object.entries(value);
  if (more.length === 0) {
    if (key === 'Ref') return `<${inner}>`;
    if (key === 'Fn::GetAtt') return `<${(inner as string[]).join('.')}>`;
    if (key === 'Fn::Select') {
      const [index, { 'Fn::Split': split } = {}] = inner as [string, { 'Fn::Split'?: [string, unknown] }?];
      if (split !== undefined) return String(readable(split[1])).replace(/>$/, `/${index}>`);
    }
    if (key === 'Fn::Join') return (inner as [string, unknown[]])[1].map(readable).join((inner as [string])[0]);
  }
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, readable(entry)]));
}
