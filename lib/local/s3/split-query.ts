import type { HeaderValues } from '../sigv4/header-values.ts';
import type { QueryPair } from '../sigv4/query-pairs.ts';
import type { VerifiedSignature } from '../sigv4/verify-signature.ts';
import { headerText } from './header-text.ts';
import { S3Error } from './s3-error.ts';

export interface SplitQuery {
  readonly parameters: ReadonlyMap<string, string>;
  /** The request's headers, and those that presigning moved to the query. */
  readonly headers: HeaderValues;
}

const ofSignature = /^X-Amz-(?:Algorithm|Content-Sha256|Credential|Date|Expires|SignedHeaders|Signature)$/;

/** Sorts what stands in a query into parameters, headers in disguise, and what only the signature needs. */
export function splitQuery(
  query: readonly QueryPair[],
  headers: HeaderValues,
  { mechanism }: VerifiedSignature,
): SplitQuery {
  const parameters = new Map<string, string>();
  const allHeaders = new Map(headers);
  for (const { name, value } of query) {
    // The SDKs add the operation's name as x-id, which S3 does not heed either.
    if (name === 'x-id' || (mechanism === 'query' && ofSignature.test(name))) continue;
    if (mechanism === 'query' && /^x-amz-[\w-]+$/i.test(name)) {
      const lower = name.toLowerCase();
      allHeaders.set(lower, [...(allHeaders.get(lower) ?? []), headerText(value)]);
      continue;
    }
    if (parameters.has(name)) throw new S3Error('InvalidArgument', `${name} stands in the query more than once.`);
    parameters.set(name, value);
  }
  return { parameters, headers: allHeaders };
}
