import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Leaves a finding of cdk-nag on this one construct, with a reason. */
export const acknowledge = (construct: IConstruct, rule: string, reason: string): void =>
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
