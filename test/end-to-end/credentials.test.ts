import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type AwsServices, startAwsServices } from '../support/aws-services.ts';
import { launch } from '../support/launch.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory();
let services: AwsServices;

beforeAll(async () => {
  services = await startAwsServices();
  mkdirSync(join(directory.path, '.aws/sso/cache'), { recursive: true });
  directory.file('token', 'token of the workflow');
  directory.file('.aws/credentials', '');
  directory.file('.aws/config', config);
  const session = createHash('sha1').update('team').digest('hex');
  const login = { accessToken: 'token of the person', expiresAt: '2999-01-01T00:00:00Z' };
  directory.file(`.aws/sso/cache/${session}.json`, JSON.stringify(login));
});
afterAll(async () => {
  await services.close();
  directory.remove();
});

interface Case {
  readonly accessKey: string;
  readonly environment: (origin: string) => Record<string, string>;
  readonly args?: readonly string[];
}

const config = `
[profile person]
sso_session = team
sso_account_id = 111122223333
sso_role_name = Publisher
[sso-session team]
sso_region = us-east-1
sso_start_url = https://team.example/start
sso_registration_scopes = sso:account:access
[profile keys]
aws_access_key_id = PROFILE
aws_secret_access_key = secret
[profile assumes]
role_arn = arn:aws:iam::111122223333:role/publisher
web_identity_token_file = ${directory.path}/token
`;

it.each<[string, Case]>([
  [
    'the environment',
    {
      accessKey: 'ENVIRONMENT',
      environment: () => ({ AWS_ACCESS_KEY_ID: 'ENVIRONMENT', AWS_SECRET_ACCESS_KEY: 'secret' }),
    },
  ],
  ['a profile', { accessKey: 'PROFILE', environment: () => ({}), args: ['--profile', 'keys'] }],
  [
    'web identity, as a workflow has it',
    {
      accessKey: 'WEBIDENTITY',
      environment: (origin) => ({
        AWS_ENDPOINT_URL_STS: origin,
        AWS_WEB_IDENTITY_TOKEN_FILE: `${directory.path}/token`,
        AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/publisher',
      }),
    },
  ],
  [
    'a profile with a role',
    { accessKey: 'WEBIDENTITY', environment: (origin) => ({ AWS_ENDPOINT_URL_STS: origin, AWS_PROFILE: 'assumes' }) },
  ],
  [
    "an instance's role",
    {
      accessKey: 'INSTANCE',
      environment: (origin) => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: origin, AWS_EC2_METADATA_DISABLED: 'false' }),
    },
  ],
  [
    'SSO, after a login',
    { accessKey: 'SSO', environment: (origin) => ({ AWS_ENDPOINT_URL_SSO: origin }), args: ['--profile', 'person'] },
  ],
])('the command calls the API with the credentials of %s', async (_, { accessKey, environment, args = [] }) => {
  const { ended, printed } = launch(
    'node_modules/.bin/node',
    ['bin/channelctl.ts', '--stack', 'Channels', ...args, 'list'],
    {
      HOME: directory.path,
      AWS_CONFIG_FILE: join(directory.path, '.aws/config'),
      AWS_SHARED_CREDENTIALS_FILE: join(directory.path, '.aws/credentials'),
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ENDPOINT_URL_CLOUDFORMATION: services.origin,
      ...environment(services.origin),
    },
  );

  expect([await ended, printed()]).toEqual([0, 'There are no channels yet: channelctl add CHANNEL\n']);
  const call = services.heard.filter(({ url }) => url.pathname === '/publish/catalog').at(-1);
  expect(call?.headers.authorization).toContain(`Credential=${accessKey}/`);
  expect(call?.headers['x-amz-security-token']).toBe(/ENVIRONMENT|PROFILE/.test(accessKey) ? undefined : 'session');
});
