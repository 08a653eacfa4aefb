import { createHash } from 'node:crypto';
import type { Route } from '../../api/routes.ts';
import { type ArrivedRequest, notDirectMessage, pageReason, proxyReason } from '../direct-request.ts';
import { queryPairs } from '../sigv4/canonical-request.ts';
import { type SignedRequest, type VerifiedSignature, verifySignature } from '../sigv4/verify.ts';

export interface MatchedRoute {
  readonly route: Route;
  /** Percent-decoded. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** The keys that may publish. */
export interface Publisher {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** The keys that are accepted, and what each of them may do. */
export interface PublisherKeys {
  /** The region that requests are signed for; undefined: any. */
  readonly region: string | undefined;
  readonly secretOf: (accessKeyId: string) => string | undefined;
  /** The name of the owner, for the history of a channel. */
  readonly nameOf: (accessKeyId: string) => string;
  /** The answer to every request, if nobody may publish. */
  readonly closed?: string | undefined;
  /** The answer to a request with other keys. */
  readonly unknownKey: string;
  /** Why this key may not send this request. Absent: each key may send every request. */
  readonly refuse?: (accessKeyId: string, request: MatchedRoute) => string | undefined;
}

export const keysOfOne = (publisher: Publisher): PublisherKeys => ({
  region: publisher.region,
  secretOf: (id) => (id === publisher.accessKeyId ? publisher.secretAccessKey : undefined),
  nameOf: (id) => id,
  unknownKey:
    'These keys are not allowed to publish here: export the AWS_* variables that the service prints when it starts.',
});

interface PublishRules {
  readonly keys: PublisherKeys;
  /** For public keys: only requests sent directly by a program on this machine are accepted. */
  readonly onlyDirect: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: number;
}

/** How the gateway describes the caller to a function (`requestContext.authorizer.iam`). */
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
  /** Undefined: the message of API Gateway. */
  readonly sentence?: string;
}

const forbidden: Refusal = { status: 403 };
const presignedRequest: Refusal = {
  status: 403,
  sentence: 'A signature in the query is not accepted: sign with the Authorization header, as channelctl does.',
};
const notJson: Refusal = {
  status: 415,
  sentence: 'The body must be JSON: send it with the header Content-Type: application/json.',
};

const sha256 = (body: Buffer | string): string => createHash('sha256').update(body).digest('hex');

const hasBody = ({ headers }: RequestHead): boolean =>
  headers.has('transfer-encoding') || !/^0*$/.test(headers.get('content-length')?.[0] ?? '');

/** The hash of the body. The AWS SDKs declare it in a header, curl does not. */
function declaredHash(head: RequestHead): string | undefined {
  const [declared] = head.headers.get('x-amz-content-sha256') ?? [];
  if (declared !== undefined && /^[0-9a-f]{64}$/.test(declared)) return declared;
  return hasBody(head) ? undefined : sha256('');
}

const claimedRegion = ({ headers }: RequestHead): string =>
  /Credential=[^,]*\/\d{8}\/([^/,]+)\//.exec(headers.get('authorization')?.[0] ?? '')?.[1] ?? '';

const verify = (head: RequestHead, payloadHash: string, { keys, receivedAt }: PublishRules) =>
  verifySignature(
    { ...head, payloadHash },
    {
      service: 'execute-api',
      region: keys.region ?? claimedRegion(head),
      credentials: keys.secretOf,
      now: new Date(receivedAt),
    },
  );

/**
 * Why a request is not allowed to publish, checked before its body is read. If it has a body and does not declare the body's
 * hash, the signature is left to `authorize`.
 */
export function refuseHead(head: RequestHead, rules: PublishRules): Refusal | undefined {
  const { closed, unknownKey } = rules.keys;
  if (closed !== undefined) return { status: 403, sentence: closed };
  const reason = rules.onlyDirect ? (proxyReason(head) ?? pageReason(head)) : undefined;
  if (reason !== undefined) return { status: 403, sentence: notDirectMessage(reason) };
  if (queryPairs(head.rawQuery).some(({ name }) => /^X-Amz-(?:Algorithm|Signature)$/i.test(name)))
    return presignedRequest;
  const declared = declaredHash(head);
  const verified = verify(head, declared ?? '', rules);
  if (!verified.ok && verified.code === 'InvalidAccessKeyId') return { status: 403, sentence: unknownKey };
  if (!verified.ok && (declared !== undefined || verified.code !== 'SignatureDoesNotMatch')) return forbidden;
  const types = head.headers.get('content-type') ?? [];
  const isJson = types.length === 1 && /^application\/json *(?:;|$)/i.test(types[0] as string);
  return hasBody(head) && !isJson ? notJson : undefined;
}

const callerOf = ({ accessKeyId }: VerifiedSignature, { keys }: PublishRules): Caller => ({
  accessKey: accessKeyId,
  accountId: '000000000000',
  callerId: accessKeyId,
  cognitoIdentity: null,
  principalOrgId: '',
  userArn: `arn:aws:iam::000000000000:user/${keys.nameOf(accessKeyId)}`,
  userId: accessKeyId,
});

/** The caller of a request that `refuseHead` did not refuse; undefined if the signature does not match the body. */
export function authorize(head: RequestHead, body: Buffer, rules: PublishRules): Caller | undefined {
  const verified = verify(head, sha256(body), rules);
  return verified.ok ? callerOf(verified, rules) : undefined;
}
