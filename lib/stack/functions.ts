import { fileURLToPath } from 'node:url';
import { Duration } from 'aws-cdk-lib';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { StackSettings } from './settings/stack-settings.ts';

interface ChannelFunctionProps {
  /** The folder in lambda/ whose main.ts exports `handler`. */
  readonly entry: 'serve' | 'publish';
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

/** A function with a role of its own, which allows the given statements and writing to the function's log group. */
export class ChannelFunction extends Construct {
  readonly lambda: NodejsFunction;
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
    this.lambda = new NodejsFunction(this, 'Function', {
      entry: fromRoot(`lambda/${props.entry}/main.ts`),
      projectRoot: fromRoot('.'),
      depsLockFilePath: fromRoot('package-lock.json'),
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMegabytes,
      timeout: Duration.seconds(props.timeoutSeconds),
      ...(props.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: props.reservedConcurrency }),
      environment: { ...props.environment },
      role: this.role,
      logGroup: props.logGroup,
      awsSdkConnectionReuse: false, // a variable for version 2 of the SDK
      bundling: {
        format: OutputFormat.ESM,
        target: 'node24',
        mainFields: ['module', 'main'],
        bundleAwsSDK: true,
        minify: true,
        // Names of errors, for the log. In serve they would cost 3 KB and about 3 % of a cold start.
        keepNames: props.entry === 'publish',
        logLevel: LogLevel.WARNING,
        metafile: true,
        // The notices of the bundled packages go into the asset. The metafile goes beside the template, where the bundle test
        // reads it: it contains a path of this machine, which would change the asset's hash from one checkout to the next.
        commandHooks: {
          beforeBundling: () => [],
          beforeInstall: () => [],
          afterBundling: (_input, output) => [
            `"${process.execPath}" "${fromRoot('bin/third-party-notices.ts')}" "${output}/index.meta.json" "${output}/THIRD-PARTY-NOTICES.txt"`,
            `mv "${output}/index.meta.json" "${output}/../${props.entry}.meta.json"`,
          ],
        },
        tsconfig: fromRoot('tsconfig.json'),
      },
    });
  }
}

type Environment = Readonly<Record<string, string>>;

interface Deployed {
  readonly bucketName: string;
  readonly baseUrl: string;
  /** Variables of the store for both functions. */
  readonly store: Environment;
}

/** The environment of each function; for publish, the store adds more variables. */
export function functionEnvironments(
  settings: StackSettings,
  { bucketName, baseUrl, store }: Deployed,
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
    },
    publish: {
      ...both,
      ...(conditionalWrites === 'serialised' ? { CONDITIONAL_WRITES: conditionalWrites } : {}),
      ...(partChecksum === 'md5' ? { PART_CHECKSUM: partChecksum } : {}),
    },
  };
}
