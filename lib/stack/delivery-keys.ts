import { CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { CfnKeyGroup, CfnPublicKey } from 'aws-cdk-lib/aws-cloudfront';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { ChannelFunction } from './functions.ts';
import { acknowledge } from './publishers.ts';

/** Lambda repeats a failed run after one minute and after two more. */
const serviceTimeout = Duration.minutes(5);

interface DeliveryKeysProps {
  /** Of the key pairs, from the setting `deliveryKeys`. */
  readonly names: readonly string[];
  /** CloudFront's names are those of the account, in all regions. */
  readonly prefix: string;
  readonly logGroup: LogGroup;
}

interface SigningKey {
  /** CloudFront's id of the public key. */
  readonly id: string;
  /** Of the secret with the private key. */
  readonly secretArn: string;
}

/**
 * For each name a key pair: the private key in a secret of its own, where a function of the deployment puts it and nobody sees
 * it, and the public key in the group that CloudFront trusts. A name keeps its keys: another key needs another name.
 */
export class DeliveryKeys extends Construct {
  readonly keyGroup: CfnKeyGroup;
  /** The first one, which signs. */
  readonly signing: SigningKey;

  constructor(scope: Construct, id: string, { names, prefix, logGroup }: DeliveryKeysProps) {
    super(scope, id);
    const secrets = names.map((name) => [name, this.#secret(name)] as const);
    const { lambda } = new ChannelFunction(this, 'KeyMaker', {
      entry: 'delivery-key',
      description: 'Makes the keys of the delivery while the stack is deployed',
      memoryMegabytes: 256,
      timeoutSeconds: 60,
      environment: {},
      logGroup,
      statements: [
        new PolicyStatement({
          effect: Effect.ALLOW,
          actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
          resources: secrets.map(([, secret]) => secret.ref),
        }),
      ],
    });
    const pairs = secrets.map(([name, secret]) => {
      const made = new CustomResource(this, `Made-${name}`, {
        resourceType: 'Custom::DeliveryKey',
        serviceToken: lambda.functionArn,
        serviceTimeout,
        properties: { SecretArn: secret.ref },
      });
      // The construct of the CDK would give the keys of two stacks of the account the same reference.
      const callerReference = `${prefix}-${name}`;
      const encodedKey = made.getAttString('PublicKey');
      const { ref } = new CfnPublicKey(this, `Public-${name}`, {
        publicKeyConfig: { callerReference, name: callerReference, encodedKey },
      });
      return { id: ref, secretArn: secret.ref };
    });
    this.keyGroup = new CfnKeyGroup(this, 'Group', {
      keyGroupConfig: { name: prefix, items: pairs.map(({ id }) => id) },
    });
    [this.signing] = pairs as [SigningKey];
  }

  /** Without a value: the construct of the CDK would generate a password. */
  #secret(name: string): CfnSecret {
    const secret = new CfnSecret(this, `Secret-${name}`, {
      description: `Private key ${name}, which signs the URLs of releases at CloudFront`,
    });
    // Without its public key, which is deleted as well, it is of no use to anybody.
    secret.applyRemovalPolicy(RemovalPolicy.DESTROY);
    acknowledge(
      secret,
      'SMG4',
      'A new key needs a public key at CloudFront before it signs. It gets a name of its own in deliveryKeys, by a deployment.',
    );
    return secret;
  }
}
