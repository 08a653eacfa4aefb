export interface SecretArn {
  readonly arn: string;
  readonly region: string;
  /** Of the hosts that answer in that partition. */
  readonly domain: string;
}

/**
 * The complete ARN of a secret of Secrets Manager. The six characters that it adds to the name are required: a policy that
 * leaves them out needs wildcards to match (AWS Secrets Manager user guide, "Permissions policy examples").
 */
const form =
  /^arn:(aws|aws-cn|aws-us-gov):secretsmanager:([a-z]{2}(?:-[a-z]+)+-\d):\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}$/;

export function parseSecretArn(text: string): SecretArn | undefined {
  const [arn, partition, region] = form.exec(text) ?? [];
  if (arn === undefined || region === undefined) return undefined;
  return { arn, region, domain: partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com' };
}
