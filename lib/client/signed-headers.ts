import type { SignatureV4 } from '@smithy/signature-v4';

export interface Signable {
  readonly method: string;
  readonly url: URL;
  readonly contentType?: string;
  readonly body?: string | undefined;
}

/** The headers of a request with Signature Version 4. */
export async function signedHeaders(
  signer: Pick<SignatureV4, 'sign'>,
  { method, url, contentType = 'application/json', body }: Signable,
): Promise<Readonly<Record<string, string>>> {
  const { headers } = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host, ...(body === undefined ? {} : { 'content-type': contentType }) },
    body,
  });
  return body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) };
}
