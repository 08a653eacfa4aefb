import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Heard {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface AwsServices {
  readonly origin: string;
  readonly heard: readonly Heard[];
  readonly close: () => Promise<void>;
}

const expiration = '2999-01-01T00:00:00Z';

const keysOf = (AccessKeyId: string) => ({ AccessKeyId, SecretAccessKey: 'secret', Token: 'session' });

const xml = (action: string, result: string): string =>
  `<${action}Response xmlns="https://example.amazonaws.com/doc/"><${action}Result>${result}</${action}Result></${action}Response>`;

/** What each service says; the access key's name tells which one gave it. */
function answerTo({ method, url, headers, body }: Heard, origin: string): string | undefined {
  const form = new URLSearchParams(body);
  const action = form.get('Action') ?? '';
  const role = '/latest/meta-data/iam/security-credentials/';
  if (action === 'AssumeRoleWithWebIdentity' && form.get('WebIdentityToken') === 'token of the workflow')
    return xml(
      action,
      `<Credentials><AccessKeyId>WEBIDENTITY</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken><Expiration>${expiration}</Expiration></Credentials>`,
    );
  if (action === 'DescribeStacks' && form.get('StackName') === 'Channels')
    return xml(
      action,
      `<Stacks><member><Outputs><member><OutputKey>ApiEndpoint</OutputKey><OutputValue>${origin}</OutputValue></member></Outputs></member></Stacks>`,
    );
  if (method === 'PUT' && url.pathname === '/latest/api/token') return 'token of the instance';
  if (headers['x-aws-ec2-metadata-token'] === 'token of the instance' && url.pathname === role) return 'publisher';
  if (headers['x-aws-ec2-metadata-token'] === 'token of the instance' && url.pathname === `${role}publisher`)
    return JSON.stringify({ Code: 'Success', Expiration: expiration, ...keysOf('INSTANCE') });
  if (url.pathname === '/federation/credentials' && headers['x-amz-sso_bearer_token'] === 'token of the person')
    return JSON.stringify({
      roleCredentials: {
        accessKeyId: 'SSO',
        secretAccessKey: 'secret',
        sessionToken: 'session',
        expiration: Date.parse(expiration),
      },
    });
  return url.pathname === '/publish/catalog' ? '{"channels":[]}' : undefined;
}

/** STS, CloudFormation, SSO's portal, the metadata of an instance, and a publish API without channels, all in one. */
export async function startAwsServices(): Promise<AwsServices> {
  const heard: Heard[] = [];
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', headers } = request;
    const origin = `http://${headers.host}`;
    const asked = { method, url: new URL(request.url ?? '/', origin), headers, body: Buffer.concat(chunks).toString() };
    heard.push(asked);
    const answer = answerTo(asked, origin);
    response.writeHead(answer === undefined ? 404 : 200, { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' });
    response.end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
