import { S3Error } from './s3-error.ts';

/** A count or a number in the query; more than `most` is taken as `most`. */
export function integerParameter(
  parameters: ReadonlyMap<string, string>,
  name: string,
  { otherwise, most }: { readonly otherwise: number; readonly most: number },
): number {
  const text = parameters.get(name);
  if (text === undefined || text === '') return otherwise;
  if (!/^\d{1,9}$/.test(text)) {
    throw new S3Error('InvalidArgument', `Provided ${name} not an integer or within integer range`, {
      details: { ArgumentName: name, ArgumentValue: text },
    });
  }
  return Math.min(Number(text), most);
}
