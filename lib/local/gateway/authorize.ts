import { createHash } from 'node:crypto';
import { type ArrivedRequest, notDirect, signOfPage, signOfProxy } from '../direct-request.ts';
import { type HeaderValues, queryPairs } from '../sigv4/canonical-request.ts';
import { type SignedRequest, type VerifiedSignature, verifySignature } from '../sigv4/verify.ts';

/** Who may publish locally. */
export interface Publisher {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

interface PublishRules {
  readonly publisher: Publisher;
  /** For keys that everybody knows: only requests that come straight from a program on this machine are accepted. */
  readonly onlyDirect: boolean;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
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

/** The head of a request, before its body is read. */
export interface RequestHead extends ArrivedRequest, Omit<SignedRequest, 'payloadHash'> {}

export interface Refusal {
  readonly status: number;
  /** Undefined: what API Gateway says. */
  readonly sentence?: string;
}

const forbidden: Refusal = { status: 403 };
const wrongKeys: Refusal = {
  status: 403,
  sentence: 'These keys may not publish here: export the AWS_* variables that npm start prints.',
};
const presigned: Refusal = {
  status: 403,
  sentence: 'A signature in the query is not accepted here: sign in the Authorization header, as channelctl does.',
};
const noJson: Refusal = {
  status: 415,
  sentence: 'The body must be JSON: send it with the header Content-Type: application/json.',
};

const sha256 = (body: Buffer | string): string => createHash('sha256').update(body).digest('hex');

const hasBody = ({ headers }: RequestHead): boolean =>
  headers.has('transfer-encoding') || !/^0*$/.test(headers.get('content-length')?.[0] ?? '');

/** The hash of the body that the client declares, as the AWS SDKs do. curl declares none. */
function declaredHash(head: RequestHead): string | undefined {
  const [declared] = head.headers.get('x-amz-content-sha256') ?? [];
  if (declared !== undefined && /^[0-9a-f]{64}$/.test(declared)) return declared;
  return hasBody(head) ? undefined : sha256('');
}

const verify = (head: RequestHead, payloadHash: string, { publisher, receivedAt }: PublishRules) =>
  verifySignature(
    { ...head, payloadHash },
    {
      service: 'execute-api',
      region: publisher.region,
      credentials: (id) => (id === publisher.accessKeyId ? publisher.secretAccessKey : undefined),
      now: new Date(receivedAt),
    },
  );

/**
 * Why a request may not publish, as far as can be said without its body: everything where it declares the body's hash or has no
 * body, otherwise everything but whether the signature is right.
 */
export function refuseHead(head: RequestHead, rules: PublishRules): Refusal | undefined {
  const sign = rules.onlyDirect ? (signOfProxy(head) ?? signOfPage(head)) : undefined;
  if (sign !== undefined) return { status: 403, sentence: notDirect(sign) };
  if (queryPairs(head.rawQuery).some(({ name }) => /^X-Amz-(?:Algorithm|Signature)$/i.test(name))) return presigned;
  const declared = declaredHash(head);
  const verified = verify(head, declared ?? '', rules);
  if (!verified.ok && verified.code === 'InvalidAccessKeyId') return wrongKeys;
  if (!verified.ok && (declared !== undefined || verified.code !== 'SignatureDoesNotMatch')) return forbidden;
  const types = head.headers.get('content-type') ?? [];
  const isJson = types.length === 1 && /^application\/json *(?:;|$)/i.test(types[0] as string);
  return hasBody(head) && !isJson ? noJson : undefined;
}

const callerOf = ({ accessKeyId }: VerifiedSignature): Caller => ({
  accessKey: accessKeyId,
  accountId: '000000000000',
  callerId: accessKeyId,
  cognitoIdentity: null,
  principalOrgId: '',
  userArn: `arn:aws:iam::000000000000:user/${accessKeyId}`,
  userId: accessKeyId,
});

/** The caller of a request whose head was not refused; undefined where its signature is not that of this body. */
export function authorize(head: RequestHead, body: Buffer, rules: PublishRules): Caller | undefined {
  const verified = verify(head, sha256(body), rules);
  return verified.ok ? callerOf(verified) : undefined;
}

/** A request as it came over the socket. */
export interface GatewayRequest {
  readonly method: string;
  /** As they stand in the request line. */
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly headers: HeaderValues;
  readonly body: Buffer;
  readonly sourceIp: string;
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}
