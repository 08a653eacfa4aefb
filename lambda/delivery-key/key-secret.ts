import { SignatureV4 } from '@smithy/signature-v4';
import { parseSecretArn, serviceEndpoint } from '../../lib/domain/aws.ts';
import { isObject } from '../../lib/domain/names.ts';
import { type Credentials, Sha256 } from '../../lib/store/read/presign.ts';
import type { RequestFunction } from '../../lib/store/read/request.ts';

/** A secret of Secrets Manager that CloudFormation created without a value. */
export interface KeySecret {
  /** Undefined if it has no value yet. */
  readonly read: () => Promise<string | undefined>;
  /**
   * Gives it its value.
   * @param token the same for each repeat of a request
   * @returns false if a repeat of the same request stored another value
   */
  readonly create: (value: string, token: string) => Promise<boolean>;
}

interface KeySecretOptions {
  readonly arn: string;
  /** Undefined: the region's own Secrets Manager. */
  readonly endpoint: string | undefined;
  readonly credentials: Credentials;
  readonly request: RequestFunction;
}

const timeoutMs = 5_000;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    // The parser's own message quotes what it read.
    return {};
  }
}

/** The two requests of Secrets Manager's API reference, GetSecretValue and PutSecretValue. */
export function openKeySecret({ arn, endpoint, credentials, request }: KeySecretOptions): KeySecret {
  async function call(action: string, parameters: Readonly<Record<string, unknown>>) {
    const region = parseSecretArn(arn)?.region;
    if (region === undefined) throw new Error('The property SecretArn is not the complete ARN of a secret');
    const url = new URL(endpoint ?? serviceEndpoint('secretsmanager', region));
    const body = JSON.stringify({ SecretId: arn, ...parameters });
    const signer = new SignatureV4({ service: 'secretsmanager', region, credentials, sha256: Sha256 });
    const { headers } = await signer.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      path: '/',
      headers: {
        host: url.host,
        'content-length': String(Buffer.byteLength(body)),
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `secretsmanager.${action}`,
      },
      body,
    });
    const answer = await request({ method: 'POST', url: `${url.origin}/`, headers, body, timeoutMs });
    const fields = parsed(answer.body);
    const { __type, message, Message = message } = fields;
    // Some services put a namespace and a `#` before the name of the error.
    const code = isText(__type) ? __type.replace(/^.*#/, '') : undefined;
    const refusal = [`Secrets Manager answered ${answer.status} to ${action}`, code, Message].filter(isText).join(': ');
    return { isDone: answer.status === 200, code, refusal, fields };
  }

  return {
    async read() {
      const { isDone, code, refusal, fields } = await call('GetSecretValue', {});
      // Its error for a secret without a value too. For one that does not exist, `create` fails next.
      if (code === 'ResourceNotFoundException') return undefined;
      if (!isDone) throw new Error(refusal);
      return isText(fields.SecretString) ? fields.SecretString : undefined;
    },
    async create(value, token) {
      const { isDone, code, refusal } = await call('PutSecretValue', {
        SecretString: value,
        ClientRequestToken: token,
      });
      if (code === 'ResourceExistsException') return false;
      if (!isDone) throw new Error(refusal);
      return true;
    },
  };
}
