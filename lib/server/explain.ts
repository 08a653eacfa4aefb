import { BadSetting, Problem } from '../domain/problem.ts';
import type { ServerSettings } from './settings.ts';

interface Failure extends NodeJS.ErrnoException {
  readonly address?: string;
  readonly port?: number;
}

/** What went wrong first, behind what was made of it. */
function rootOf(error: unknown): Failure {
  const { cause } = error as { cause?: unknown };
  return cause === undefined ? (error as Failure) : rootOf(cause);
}

type Store = Pick<ServerSettings, 'bucket' | 'endpoint' | 'region'>;

/** Why the bucket cannot be used, and what to change. */
export function explainStore(error: unknown, { bucket, endpoint, region }: Store): string {
  const { code = '', message, name } = rootOf(error);
  const where = endpoint ?? `S3 in ${region}`;
  const endpointName = endpoint === undefined ? 'AWS_REGION' : 'AWS_ENDPOINT_URL';
  if (name === 'CredentialsProviderError')
    return `There are no keys for the bucket (${message}): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE.`;
  const says = (pattern: RegExp): boolean => pattern.test(`${code} ${message}`);
  if (says(/NoSuchBucket/)) return `There is no bucket "${bucket}" at ${where}: create it, or correct --bucket.`;
  if (says(/InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken/))
    return `${where} refuses the keys: correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which must be those of that store.`;
  if (says(/answered 403/))
    return `The keys may not read channels.json in the bucket "${bucket}" at ${where}: allow them s3:GetObject and s3:ListBucket there.`;
  if (says(/WRONG_VERSION_NUMBER|EPROTO|packet length too long/i))
    return `${where} does not speak TLS: begin AWS_ENDPOINT_URL with http://, or give the address of its TLS port.`;
  if (says(/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/))
    return `The certificate of ${where} is not trusted (${code}): name its authority in NODE_EXTRA_CA_CERTS.`;
  if (says(/answered (?:301|307|400)/))
    return `${where} does not take requests for the bucket "${bucket}" (${message}): correct AWS_REGION, and http or https in AWS_ENDPOINT_URL.`;
  if (
    says(/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ECONNRESET|TimeoutError|aborted/) ||
    name === 'TimeoutError'
  )
    return `No store answers at ${where} (${code || message}): check ${endpointName} and the network.`;
  return `The bucket "${bucket}" at ${where} cannot be read (${message}): check --bucket, ${endpointName} and the keys.`;
}

/** Why the server did not start, in one line where it is not a defect. */
export function explainStart(error: unknown): string {
  if (error instanceof BadSetting || error instanceof Problem) return error.message;
  const { code, port, address = '', message, stack, syscall } = error as Failure;
  const place = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  if (code === 'EADDRINUSE')
    return `The address ${place} is in use: end what listens there, or give another --listen or --metrics-listen.`;
  if (code === 'EADDRNOTAVAIL' || (code === 'ENOTFOUND' && syscall === 'getaddrinfo'))
    return `This machine does not have the address ${place}: give one of its own, or 0.0.0.0 for all of them.`;
  if (code === 'EACCES' && syscall === 'listen')
    return `The address ${place} needs privileges: choose a port from 1024, or use the socket unit of systemd.`;
  if (code === 'EACCES' || code === 'ENOENT') return message;
  return stack ?? String(error);
}
