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
import { githubIssuer, jobIdentity } from './settings/ci-publisher.ts';
import { type Publisher, publisherId } from './settings/publisher-settings.ts';

/** Acknowledges a finding of cdk-nag for this construct only, with a reason. */
export const acknowledge = (construct: IConstruct, rule: string, reason: string): void =>
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });

type Resolved =
  | string
  | { readonly Ref: string }
  | { readonly 'Fn::GetAtt': readonly string[] }
  | { readonly 'Fn::Join': readonly [string, readonly Resolved[]] };

const flatten = (value: Resolved): string => {
  if (typeof value === 'string') return value;
  if ('Fn::GetAtt' in value) return `<${value['Fn::GetAtt'].join('.')}>`;
  return 'Ref' in value ? `<${value.Ref}>` : value['Fn::Join'][1].map(flatten).join(value['Fn::Join'][0]);
};

/** An ARN with tokens, as in the id of a finding of cdk-nag: `arn:<AWS::Partition>:…`. */
export const flatArn = (scope: IConstruct, arn: string): string => flatten(Stack.of(scope).resolve(arn) as Resolved);

interface ChannelPublishersProps {
  readonly api: HttpApi;
  readonly publishers: readonly Publisher[];
  /** For each issuer an ARN or "create"; without an entry it is the provider that the account has. */
  readonly oidcProviders: Readonly<Record<string, string>>;
}

/** An issuer as IAM names it in condition keys and ARNs. */
const hostAndPath = (issuer: string): string => issuer.slice('https://'.length);

/**
 * For each publisher a policy that allows its requests, and a role with that policy, which the publisher may assume: a
 * workflow by its token, a principal by its ARN. The policy can also be attached to a principal of this account. A principal of
 * another account must assume the role, because HTTP APIs have no resource policies.
 */
export class ChannelPublishers extends Construct {
  readonly #props: ChannelPublishersProps;
  readonly #providers = new Map<string, string>();

  constructor(scope: Construct, id: string, props: ChannelPublishersProps) {
    super(scope, id);
    this.#props = props;
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

  #trusted(publisher: Publisher): IPrincipal {
    const job = jobIdentity(publisher);
    if (job === undefined) return new ArnPrincipal(publisher.principal ?? '');
    const issuer = hostAndPath(job.issuer);
    const [first = '', ...others] = job.subjects;
    const aud = { [`${issuer}:aud`]: job.audience };
    const conditions =
      others.length === 0
        ? { StringEquals: { ...aud, [`${issuer}:sub`]: first } }
        : { StringEquals: aud, StringLike: { [`${issuer}:sub`]: [first, ...others] } };
    return new FederatedPrincipal(this.#providerOf(job.issuer), conditions, 'sts:AssumeRoleWithWebIdentity');
  }

  /** An account can have one provider per issuer, and usually has it already. */
  #providerOf(issuer: string): string {
    const known = this.#providers.get(issuer);
    if (known !== undefined) return known;
    const setting = this.#props.oidcProviders[issuer];
    const provider =
      setting === 'create' ? this.#createProvider(issuer) : (setting ?? this.#accountsProvider(hostAndPath(issuer)));
    this.#providers.set(issuer, provider);
    return provider;
  }

  #createProvider(issuer: string): string {
    const jobs = this.#props.publishers.map(jobIdentity).filter((job) => job?.issuer === issuer);
    const clientIds = [...new Set(jobs.map((job) => job?.audience ?? ''))];
    const id = issuer === githubIssuer ? 'Provider-Github' : `Provider-${hostAndPath(issuer).replaceAll('/', ':')}`;
    return new OidcProviderNative(this, id, { url: issuer, clientIds }).oidcProviderArn;
  }

  #accountsProvider(resourceName: string): string {
    return Stack.of(this).formatArn({
      service: 'iam',
      region: '',
      resource: 'oidc-provider',
      resourceName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  }
}
