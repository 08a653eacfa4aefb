import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage, Duration } from 'aws-cdk-lib';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { bundleFunction, type FunctionName } from './bundle-function.ts';
import type { StackSettings } from './settings/stack-settings.ts';

interface ChannelFunctionProps {
  /** The folder in lambda/ whose main.ts exports `handler`. */
  readonly entry: FunctionName;
  readonly description: string;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  /** The maximum number of instances, reserved for this function; undefined: it shares those of the account. */
  readonly reservedConcurrency?: number | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly logGroup: LogGroup;
  readonly statements: readonly PolicyStatement[];
}

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** NodejsFunction of the CDK cannot split a bundle into several files. */
const bundledCode = (name: FunctionName): Code =>
  Code.fromAsset(fromRoot(`lambda/${name}`), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never used: tryBundle does not fail without an error.
      image: DockerImage.fromRegistry('none'),
      local: {
        tryBundle(directory) {
          bundleFunction(name, directory);
          return true;
        },
      },
    },
  });

/** A function with a role of its own, which allows the given statements and writing to the function's log group. */
export class ChannelFunction extends Construct {
  readonly lambda: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: ChannelFunctionProps) {
    super(scope, id);
    // Everything is in the role itself: no managed policy, and no grant method, which would add more than needed.
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: props.description,
      inlinePolicies: {
        logs: new PolicyDocument({
          statements: [
            new PolicyStatement({
              effect: Effect.ALLOW,
              actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
              resources: [props.logGroup.logGroupArn],
            }),
          ],
        }),
        bucket: new PolicyDocument({ statements: [...props.statements] }),
      },
    });
    this.lambda = new LambdaFunction(this, 'Function', {
      code: bundledCode(props.entry),
      handler: 'index.handler',
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMegabytes,
      timeout: Duration.seconds(props.timeoutSeconds),
      ...(props.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: props.reservedConcurrency }),
      environment: { ...props.environment },
      role: this.role,
      logGroup: props.logGroup,
    });
  }
}

type Environment = Readonly<Record<string, string>>;

interface Deployed {
  readonly bucketName: string;
  readonly baseUrl: string;
  /** Variables of the store for both functions. */
  readonly store: Environment;
  /** Variables of the delivery by CloudFront, for serve; empty without it. */
  readonly delivery: Environment;
}

/** The environment of each function; for publish, the store adds more variables. */
export function functionEnvironments(
  settings: StackSettings,
  { bucketName, baseUrl, store, delivery }: Deployed,
): Readonly<Record<'serve' | 'publish', Environment>> {
  const { s3Endpoint, s3PathStyle, conditionalWrites, partChecksum, jwt } = settings;
  const both = {
    BUCKET: bucketName,
    BASE_URL: baseUrl,
    LOG_LEVEL: settings.logLevel,
    STACK_NAME: settings.stackName,
    ...(s3Endpoint === undefined ? {} : { S3_ENDPOINT: s3Endpoint }),
    ...(s3PathStyle === undefined ? {} : { S3_PATH_STYLE: s3PathStyle }),
    ...store,
  };
  return {
    serve: {
      ...both,
      CHANNEL_MAX_AGE_SECONDS: String(settings.channelMaxAgeSeconds),
      METRIC_CHANNELS: settings.metricChannels.join(),
      PRESIGN_LIFETIME_SECONDS: String(settings.presignLifetimeSeconds),
      ACCESS: jwt === undefined ? 'open' : JSON.stringify(jwt),
      ...delivery,
    },
    publish: {
      ...both,
      RETIRED_DAYS: String(settings.retiredDays),
      METRIC_CHANNELS: settings.metricChannels.join(),
      ...(conditionalWrites === 'serialised' ? { CONDITIONAL_WRITES: conditionalWrites } : {}),
      ...(partChecksum === 'md5' ? { PART_CHECKSUM: partChecksum } : {}),
    },
  };
}
