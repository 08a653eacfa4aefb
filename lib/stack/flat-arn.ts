import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

type Resolved = string | { readonly Ref: string } | { readonly 'Fn::Join': readonly [string, readonly Resolved[]] };

const flat = (value: Resolved): string => {
  if (typeof value === 'string') return value;
  return 'Ref' in value ? `<${value.Ref}>` : value['Fn::Join'][1].map(flat).join(value['Fn::Join'][0]);
};

/** An ARN with tokens as cdk-nag writes it in the id of a finding: `arn:<AWS::Partition>:…`. */
export const flatArn = (scope: IConstruct, arn: string): string => flat(Stack.of(scope).resolve(arn) as Resolved);
