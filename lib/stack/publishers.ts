import { ArnFormat, CfnOutput, Duration, Stack, Validations } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  ArnPrincipal,
  Effect,
  FederatedPrincipal,
  type IPrincipal,
  ManagedPolicy,
  OidcProviderNative,
  PolicyStatement,
  Role,
} from 'aws-cdk-lib/aws-iam';
import { Construct, type IConstruct } from 'constructs';
import { publisherPaths } from '../api/routes.ts';
import { type Publisher, publisherId } from './settings/publisher-settings.ts';

/** Acknowledges a finding of cdk-nag for this construct only, with a reason. */
export const acknowledge = (construct: IConstruct, rule: string, reason: string): void =>
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });

type Resolved = string | { readonly Ref: string } | { readonly 'Fn::Join': readonly [string, readonly Resolved[]] };

const flatten = (value: Resolved): string => {
  if (typeof value === 'string') return value;
  return 'Ref' in value ? `<${value.Ref}>` : value['Fn::Join'][1].map(flatten).join(value['Fn::Join'][0]);
};

/** An ARN with tokens, as in the id of a finding of cdk-nag: `arn:<AWS::Partition>:…`. */
const flatArn = (scope: IConstruct, arn: string): string => flatten(Stack.of(scope).resolve(arn) as Resolved);

interface ChannelPublishersProps {
  readonly api: HttpApi;
  readonly publishers: readonly Publisher[];
  /** An ARN, "create", or undefined for the provider that the account has. */
  readonly githubOidcProvider: string | undefined;
}

const issuer = 'token.actions.githubusercontent.com';

/** GitHub writes a colon in the name of an environment as %3A (GitHub, "OpenID Connect reference"). */
const subjectOf = ({ repository, ref, environment = '' }: NonNullable<Publisher['github']>): string =>
  `repo:${repository}:${ref === undefined ? `environment:${environment.replaceAll(':', '%3A')}` : `ref:${ref}`}`;

/**
 * For each publisher a policy that allows its requests, and a role with that policy, which the publisher may assume: a
 * workflow by its token, a principal by its ARN. The policy can also be attached to a principal of this account. A principal of
 * another account must assume the role, because HTTP APIs have no resource policies.
 */
export class ChannelPublishers extends Construct {
  readonly #githubOidcProvider: string | undefined;
  #provider: string | undefined;

  constructor(scope: Construct, id: string, props: ChannelPublishersProps) {
    super(scope, id);
    this.#githubOidcProvider = props.githubOidcProvider;
    for (const publisher of props.publishers) this.#add(publisher, props.api);
  }

  #add(publisher: Publisher, api: HttpApi): void {
    const id = publisherId(publisher.name);
    const scope = new Construct(this, id);
    const description = `Publishes Nix channels as ${publisher.name}`;
    const resources = publisherPaths(publisher).map(([method, path]) => api.arnForExecuteApi(method, path, '$default'));
    const statement = new PolicyStatement({ effect: Effect.ALLOW, actions: ['execute-api:Invoke'], resources });
    const policy = new ManagedPolicy(scope, 'Policy', { description, statements: [statement] });
    const role = new Role(scope, 'Role', {
      assumedBy: this.#trusted(publisher),
      managedPolicies: [policy],
      maxSessionDuration: Duration.hours(1),
      description,
    });
    for (const resource of resources.filter((arn) => arn.endsWith('*')))
      acknowledge(
        policy,
        `IAM5[Resource::${flatArn(this, resource)}]`,
        'What is below the path is allowed as a whole, and the path ends in a slash before the wildcard.',
      );
    const stack = Stack.of(this);
    new CfnOutput(stack, `Publisher${id}RoleArn`, {
      value: role.roleArn,
      description: `To be assumed by ${publisher.name}`,
    });
    new CfnOutput(stack, `Publisher${id}PolicyArn`, {
      value: policy.managedPolicyArn,
      description: 'The same rights, to be attached to roles and users of this account',
    });
  }

  #trusted({ github, principal = '' }: Publisher): IPrincipal {
    if (github === undefined) return new ArnPrincipal(principal);
    const claims = { [`${issuer}:aud`]: 'sts.amazonaws.com', [`${issuer}:sub`]: subjectOf(github) };
    return new FederatedPrincipal(this.#githubProvider(), { StringEquals: claims }, 'sts:AssumeRoleWithWebIdentity');
  }

  /** An account can have one provider per issuer, and usually has it already. */
  #githubProvider(): string {
    this.#provider ??=
      this.#githubOidcProvider === 'create'
        ? new OidcProviderNative(this, 'Provider-Github', {
            url: `https://${issuer}`,
            clientIds: ['sts.amazonaws.com'],
          }).oidcProviderArn
        : (this.#githubOidcProvider ??
          Stack.of(this).formatArn({
            service: 'iam',
            region: '',
            resource: 'oidc-provider',
            resourceName: issuer,
            arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
          }));
    return this.#provider;
  }
}
