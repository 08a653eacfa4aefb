import type { IncomingMessage } from 'node:http';
import { notDirect, signOfPage, signOfProxy } from '../direct-request.ts';
import { type HeaderValues, headerValues } from '../sigv4/header-values.ts';
import type { SignatureRules } from '../sigv4/verify-signature.ts';
import { authenticate } from './authenticate.ts';
import { chooseOperation } from './choose-operation.ts';
import { handlers } from './handlers.ts';
import { requestTarget } from './request-target.ts';
import { S3Error } from './s3-error.ts';
import type { S3Answer, S3Services } from './s3-request.ts';
import { splitQuery } from './split-query.ts';

export interface S3Settings extends S3Services {
  readonly credentials: SignatureRules['credentials'];
  /** Whether it heeds If-Match and If-None-Match of writes; there are stores that do not. */
  readonly conditionalWrites: boolean;
  /** The keys are known to everybody: they count only straight from this machine. */
  readonly onlyDirect: boolean;
}

const ofEveryRequest = ['x-amz-content-sha256', 'x-amz-date', 'x-amz-user-agent'];

const withoutConditions = (headers: HeaderValues): HeaderValues =>
  new Map([...headers].filter(([name]) => name !== 'if-match' && name !== 'if-none-match'));

/** What a browser only reads does no harm: a page cannot see it, and a person may follow a link to a release. */
function refuseIndirect(request: IncomingMessage, headers: HeaderValues): void {
  const arrived = { headers, httpVersion: request.httpVersion };
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const sign = signOfProxy(arrived) ?? (isRead ? undefined : signOfPage(arrived));
  if (sign !== undefined) throw new S3Error('AccessDenied', notDirect(sign));
}

/** Parses, authenticates, decides which operation it is, and lets that one answer. Refusals are thrown. */
export async function handleRequest(request: IncomingMessage, settings: S3Settings): Promise<S3Answer> {
  const method = request.method ?? '';
  const target = requestTarget(request.url ?? '');
  const rawHeaders = headerValues(request.rawHeaders);
  if (settings.onlyDirect) refuseIndirect(request, rawHeaders);
  const { credentials, region, clock } = settings;
  const rules = { credentials, region, now: clock() };
  const { signature, payloadHash } = authenticate({ method, target, headers: rawHeaders }, rules);
  const { parameters, headers: allHeaders } = splitQuery(target.query, rawHeaders, signature);
  const heedsAll = settings.conditionalWrites || method === 'GET' || method === 'HEAD';
  const headers = heedsAll ? allHeaders : withoutConditions(allHeaders);
  const operation = chooseOperation({
    method,
    level: target.key !== undefined ? 'object' : target.bucket !== undefined ? 'bucket' : 'service',
    parameters: [...parameters.keys()],
    amzHeaders: [...headers.keys()].filter((name) => name.startsWith('x-amz-') && !ofEveryRequest.includes(name)),
  });
  const { bucket = '', key = '' } = target;
  // Left to itself, the iterator would take the connection down with the first refusal.
  const body = request.iterator({ destroyOnReturn: false });
  return handlers[operation]({ bucket, key, parameters, headers, payloadHash, signature, body }, settings);
}
