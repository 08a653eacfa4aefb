import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  AccountRootPrincipal,
  ArnPrincipal,
  CompositePrincipal,
  Effect,
  type IPrincipal,
  PolicyDocument,
  PolicyStatement,
  Role,
} from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { uploadsPrefix } from '../domain/store.ts';
import { acknowledge, flatArn } from './publishers.ts';

interface TakedownRoleProps {
  readonly roleName: string;
  /** ARNs of those who may assume it. Empty: whom the account's administrators allow to. */
  readonly principals: readonly string[];
  readonly bucket: Pick<IBucket, 'bucketArn' | 'arnForObjects'>;
  readonly api: HttpApi;
  /** Of the distribution that delivers releases; undefined without one. */
  readonly distributionArn: string | undefined;
}

const trusted = (principals: readonly string[]): IPrincipal =>
  principals.length === 0
    ? new AccountRootPrincipal()
    : new CompositePrincipal(...principals.map((arn) => new ArnPrincipal(arn)));

/**
 * For releases that must go at once. It may mark a release as taken down, delete all its versions, and clear CloudFront's
 * caches of it. The bucket's policy lets it delete releases, and this policy nothing else: a bucket that the stack did not
 * create may lack that one.
 */
export class TakedownRole extends Construct {
  constructor(scope: Construct, id: string, { roleName, principals, bucket, api, distributionArn }: TakedownRoleProps) {
    super(scope, id);
    const takedowns = api.arnForExecuteApi('POST', '/publish/takedowns/*', '$default');
    const allow = (actions: string[], resource: string) =>
      new PolicyStatement({ effect: Effect.ALLOW, actions, resources: [resource] });
    const role = new Role(this, 'Role', {
      roleName,
      assumedBy: trusted(principals),
      maxSessionDuration: Duration.hours(1),
      description: 'Takes releases down: deletes them with all their versions',
      inlinePolicies: {
        takedown: new PolicyDocument({
          statements: [
            allow(['execute-api:Invoke'], takedowns),
            allow(['s3:ListBucketVersions'], bucket.bucketArn),
            ...(distributionArn === undefined ? [] : [allow(['cloudfront:CreateInvalidation'], distributionArn)]),
            allow(
              [
                's3:GetObject',
                's3:GetObjectVersion',
                's3:GetObjectRetention', // when a version under Object Lock can be deleted
                's3:GetObjectLegalHold',
                's3:DeleteObject',
                's3:DeleteObjectVersion',
              ],
              bucket.arnForObjects('*'),
            ),
            new PolicyStatement({
              effect: Effect.DENY,
              actions: ['s3:GetObject*', 's3:DeleteObject*'],
              resources: [bucket.arnForObjects('*.json'), bucket.arnForObjects(`${uploadsPrefix}*`)],
            }),
          ],
        }),
      },
    });
    acknowledge(
      role,
      `IAM5[Resource::${flatArn(this, takedowns)}]`,
      'Any channel may have a release that must be taken down. The path ends in a slash before the wildcard.',
    );
    acknowledge(
      role,
      `IAM5[Resource::${flatArn(this, bucket.arnForObjects('*'))}]`,
      'The keys of releases are not known at deployment. Documents are denied.',
    );
    for (const action of ['s3:GetObject*', 's3:DeleteObject*'])
      acknowledge(role, `IAM5[Action::${action}]`, 'It is denied, not allowed.');
    for (const keys of ['*.json', `${uploadsPrefix}*`])
      acknowledge(role, `IAM5[Resource::${flatArn(this, bucket.arnForObjects(keys))}]`, 'It is denied, not allowed.');
    new CfnOutput(Stack.of(this), 'TakedownRoleArn', {
      value: role.roleArn,
      description: 'For channelctl takedown --role',
    });
  }
}
