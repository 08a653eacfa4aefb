import { parseSecretArn } from '../../lib/domain/aws.ts';
import type { Credentials } from '../../lib/store/read/presign.ts';
import type { RequestFunction } from '../../lib/store/read/request.ts';
import { requestSecret } from '../../lib/store/read/secret-keys.ts';

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

/** The two requests of Secrets Manager's API reference, GetSecretValue and PutSecretValue. */
export function openKeySecret({ arn, endpoint, credentials, request }: KeySecretOptions): KeySecret {
  async function call(action: 'GetSecretValue' | 'PutSecretValue', parameters: Readonly<Record<string, unknown>>) {
    const secret = parseSecretArn(arn);
    if (secret === undefined) throw new Error('The property SecretArn is not the complete ARN of a secret');
    const source = { secret, endpoint, credentials, request };
    const { status, fields, message } = await requestSecret(source, action, parameters, timeoutMs);
    const { __type } = fields;
    // Some services put a namespace and a `#` before the name of the error.
    const code = isText(__type) ? __type.replace(/^.*#/, '') : undefined;
    const refusal = [`Secrets Manager answered ${status} to ${action}`, code, message].filter(isText).join(': ');
    return { isDone: status === 200, code, refusal, fields };
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
