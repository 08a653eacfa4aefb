import { type KeyObject, verify } from 'node:crypto';
import { cannedPolicy } from '../../store/read/delivery.ts';

/** A request as it arrives at the edge. */
interface EdgeRequest {
  readonly method: string;
  readonly host: string;
  /** Path and query, as the client sent them. */
  readonly target: string;
}

interface EdgeRules {
  /** What signed URLs begin with. */
  readonly origin: string;
  /** The public key of an id, of those in the key group. */
  readonly publicKey: (id: string) => KeyObject | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Why a request is refused, in CloudFront's words. */
export interface EdgeRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const refusal = (code: string, message: string, status = 403): EdgeRefusal => ({ status, code, message });

const denied = refusal('AccessDenied', 'Access denied');

/** CloudFront itself answers with an HTML page. */
const wrongMethod = refusal(
  'MethodNotAllowed',
  'This distribution is not configured to allow the HTTP request method that was used for this request.',
);

/** CloudFront takes these away before it compares the URL and asks the bucket. */
const ownParameters = ['Expires', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm'] as const;

type OwnParameter = (typeof ownParameters)[number];

/** The parameters of the signature, and the target without them; undefined where one of them is there twice. */
function split(
  target: string,
): { readonly own: Partial<Record<OwnParameter, string>>; readonly rest: string } | undefined {
  const [path = '', ...query] = target.split('?');
  const own: Partial<Record<OwnParameter, string>> = {};
  const others: string[] = [];
  for (const pair of query.join('?').split('&')) {
    const [name = '', ...value] = pair.split('=');
    const known = ownParameters.find((one) => one === name);
    if (known === undefined) others.push(pair);
    else if (known in own) return undefined;
    else own[known] = value.join('=');
  }
  const search = others.join('&');
  return { own, rest: search === '' ? path : `${path}?${search}` };
}

const restored: Readonly<Record<string, string>> = { '-': '+', _: '=', '~': '/' };

const bytesOf = (signature: string): Buffer =>
  Buffer.from(
    signature.replace(/[-_~]/g, (character) => restored[character] as string),
    'base64',
  );

/**
 * What CloudFront decides where a key group is trusted, for URLs with a canned policy (its developer guide, "Create a signed URL
 * using a canned policy"): the path and query to ask the bucket for, or why not. Other parameters are part of what is signed. A
 * custom policy is not implemented, because nothing here signs one.
 */
export function checkRequest(
  { method, host, target }: EdgeRequest,
  { origin, publicKey, now }: EdgeRules,
): { readonly target: string } | EdgeRefusal {
  if (method !== 'GET' && method !== 'HEAD') return wrongMethod;
  const found = split(target);
  if (found === undefined || host !== new URL(origin).host) return denied;
  const { own, rest } = found;
  const { Expires: expires = '', Signature: signature = '', 'Key-Pair-Id': id = '', 'Hash-Algorithm': hash } = own;
  if (/[?&]Policy=/.test(rest)) return refusal('NotImplemented', 'Custom policies are not implemented.', 501);
  if (id === '') return refusal('MissingKey', 'Missing Key-Pair-Id query parameter or cookie value');
  const key = publicKey(id);
  if (key === undefined) return refusal('InvalidKey', 'Unknown Key');
  if (!/^\d{1,10}$/.test(expires) || !/^[\w~-]+$/.test(signature)) return denied;
  if (!['SHA1', 'SHA256', undefined].includes(hash)) return denied;
  if (now >= Number(expires) * 1_000) return denied;
  const policy = Buffer.from(cannedPolicy(`${origin}${rest}`, Number(expires)));
  const algorithm = hash === 'SHA256' ? 'sha256' : 'sha1';
  return verify(algorithm, policy, key, bytesOf(signature)) ? { target: rest } : denied;
}
