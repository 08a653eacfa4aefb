import { createHash } from 'node:crypto';
import { verifySignature } from '../sigv4/verify-signature.ts';
import type { GatewayRequest } from './gateway-request.ts';

/** The one who may publish locally. */
export interface Publisher {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** What the gateway tells a function of who called (`requestContext.authorizer.iam`). */
export interface Caller {
  readonly accessKey: string;
  readonly accountId: string;
  readonly callerId: string;
  readonly cognitoIdentity: null;
  readonly principalOrgId: string;
  readonly userArn: string;
  readonly userId: string;
}

/** The caller of a request that is signed with the publisher's keys, otherwise undefined. */
export function authorize(request: GatewayRequest, publisher: Publisher): Caller | undefined {
  const payloadHash = createHash('sha256').update(request.body).digest('hex');
  const verified = verifySignature(
    { ...request, payloadHash },
    {
      service: 'execute-api',
      region: publisher.region,
      credentials: (id) => (id === publisher.accessKeyId ? publisher.secretAccessKey : undefined),
      now: new Date(request.receivedAt),
    },
  );
  if (!verified.ok) return undefined;
  return {
    accessKey: verified.accessKeyId,
    accountId: '000000000000',
    callerId: verified.accessKeyId,
    cognitoIdentity: null,
    principalOrgId: '',
    userArn: `arn:aws:iam::000000000000:user/${verified.accessKeyId}`,
    userId: verified.accessKeyId,
  };
}
