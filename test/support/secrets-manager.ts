import * as http from 'node:http';
import { parseSecretArn, type SecretArn } from '../../lib/domain/aws.ts';
import { headerValues } from '../../lib/local/sigv4/canonical-request.ts';
import { verifySignature } from '../../lib/local/sigv4/verify.ts';
import { sha256 } from './memory-bucket.ts';

export const role = { accessKeyId: 'role', secretAccessKey: 'secret of the role' };

export interface SecretsManager {
  readonly endpoint: string;
  readonly secret: SecretArn;
  /** The text of the secret; undefined: the role may not read it. */
  value: string | undefined;
  /** How often it was asked for. */
  readonly asked: () => number;
  readonly close: () => Promise<void>;
}

const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123';

/** One secret of Secrets Manager, for requests that the role signed. */
export async function startSecretsManager(): Promise<SecretsManager> {
  let asked = 0;
  const answer = ({ method = '', url = '', rawHeaders, headers }: http.IncomingMessage, body: string) => {
    const verified = verifySignature(
      { method, rawPath: url, rawQuery: '', headers: headerValues(rawHeaders), payloadHash: sha256(body) },
      {
        service: 'secretsmanager',
        region: 'eu-central-1',
        credentials: (id) => (id === role.accessKeyId ? role.secretAccessKey : undefined),
        now: new Date(),
      },
    );
    if (!verified.ok) return { status: 400, body: { __type: 'InvalidSignatureException', message: verified.message } };
    if (method !== 'POST' || headers['x-amz-target'] !== 'secretsmanager.GetSecretValue')
      return { status: 400, body: { __type: 'UnknownOperationException' } };
    asked += 1;
    if (manager.value === undefined || JSON.parse(body).SecretId !== arn)
      return { status: 400, body: { __type: 'AccessDeniedException', Message: 'role is not authorized' } };
    return { status: 200, body: { ARN: arn, Name: 'bucket', SecretString: manager.value } };
  };
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { status, body } = answer(request, Buffer.concat(chunks).toString());
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const manager: SecretsManager = {
    endpoint: `http://127.0.0.1:${(server.address() as { readonly port: number }).port}`,
    secret: parseSecretArn(arn) as SecretArn,
    value: undefined,
    asked: () => asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return manager;
}
