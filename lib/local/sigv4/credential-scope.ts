export interface CredentialScope {
  readonly accessKeyId: string;
  readonly scope: string;
  readonly day: string;
  readonly region: string;
  readonly service: string;
}

/** Splits `AKIA…/20130524/us-east-1/s3/aws4_request`; the access key itself may hold slashes. */
export function credentialScope(credential: string): CredentialScope | undefined {
  const match = /^(.+)\/((\d{8})\/([^/]+)\/([^/]+)\/aws4_request)$/.exec(credential);
  if (!match) return undefined;
  const [, accessKeyId = '', scope = '', day = '', region = '', service = ''] = match;
  return { accessKeyId, scope, day, region, service };
}
