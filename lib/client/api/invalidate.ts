import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { cloudFrontOf, isDistributionId } from '../../domain/aws.ts';
import { NotFound, Problem, Unavailable } from '../../domain/problem.ts';
import { escapePath, Sha256 } from '../../store/read/presign.ts';
import { clockAdvice } from './channel-api.ts';
import { explain, textIn } from './delete-object.ts';
import { type ExchangeResult, type SendOptions, sendSigned } from './http.ts';

export interface Invalidation {
  readonly distributionId: string;
  readonly paths: readonly string[];
}

interface CloudFront extends SendOptions {
  readonly credentials: AwsCredentialIdentityProvider;
  /** The bucket's: it tells which CloudFront. */
  readonly region: string;
  /** Undefined: CloudFront's own. */
  readonly endpoint: string | undefined;
  /** CloudFront makes one invalidation for it, however often it is sent. */
  readonly operation: string;
}

const idleTimeoutMs = 30_000;
const maxBodyBytes = 16_384;
const namespace = 'http://cloudfront.amazonaws.com/doc/2020-05-31/';

/**
 * The paths by which CloudFront may know an object. They are encoded as in signed URLs, so that `*` is no wildcard. A `+` has
 * two spellings: signed URLs encode it, but in an invalidation only unsafe characters are to be encoded (CloudFront developer
 * guide, "What you need to know when invalidating files").
 */
export function invalidationPaths(key: string): readonly string[] {
  const path = `/${escapePath(key)}`;
  return [...new Set([path, path.replaceAll('%2B', '+')])];
}

/** What a person runs instead. */
export const invalidationCommand = ({ distributionId, paths }: Invalidation): string =>
  `aws cloudfront create-invalidation --distribution-id ${distributionId} --paths ${paths.map((path) => `'${path}'`).join(' ')}`;

/** An encoded path has no character that XML would have to escape, nor has the ID of an operation. */
const batch = (paths: readonly string[], operation: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<InvalidationBatch xmlns="${namespace}"><Paths><Quantity>${paths.length}</Quantity><Items>${paths.map((path) => `<Path>${path}</Path>`).join('')}</Items></Paths><CallerReference>${operation}</CallerReference></InvalidationBatch>`;

function refusal(result: ExchangeResult, distributionId: string, now: number): Problem {
  const { status, body, headers } = result;
  const reason = explain(result);
  if (status === 403)
    return new Problem(
      403,
      'forbidden',
      `CloudFront does not let these AWS credentials create an invalidation: ${reason}. ${clockAdvice(headers, now) ?? `Run the same command with credentials that have cloudfront:CreateInvalidation on the distribution ${distributionId}, or with --role`}.`,
    );
  if (status === 404)
    return new NotFound(
      `CloudFront has no distribution ${distributionId} in the account of these AWS credentials: ${reason}. Run the same command with credentials of the account that has it.`,
    );
  if (textIn(body, 'Code') === 'TooManyInvalidationsInProgress')
    return new Unavailable(
      `CloudFront has too many invalidations in progress: ${reason}. Run the same command again in some minutes.`,
    );
  return new Problem(400, 'refused', `CloudFront did not create an invalidation: ${reason}.`);
}

/**
 * Tells CloudFront to remove the paths from its caches, which takes it minutes (CloudFront API reference, "CreateInvalidation").
 *
 * @returns the ID of the invalidation
 * @throws Problem
 */
export async function createInvalidation(
  { distributionId, paths }: Invalidation,
  { credentials, region, endpoint, operation, ...sending }: CloudFront,
): Promise<string> {
  if (!isDistributionId(distributionId))
    throw new Problem(400, 'refused', 'The service named a CloudFront distribution by what is no ID of one.');
  const service = cloudFrontOf(region);
  const signer = new SignatureV4({ service: 'cloudfront', region: service.region, credentials, sha256: Sha256 });
  const url = new URL(`/2020-05-31/distribution/${distributionId}/invalidation`, endpoint ?? service.endpoint);
  const body = batch(paths, operation);
  const request = { method: 'POST', url, contentType: 'application/xml', body, idleTimeoutMs, maxBodyBytes };
  const result = await sendSigned(signer, request, sending);
  const id = result.status === 201 ? textIn(result.body, 'Id') : undefined;
  if (id === undefined) throw refusal(result, distributionId, (sending.now ?? Date.now)());
  return id;
}
