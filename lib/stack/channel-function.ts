import { fileURLToPath } from 'node:url';
import { Duration } from 'aws-cdk-lib';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface ChannelFunctionProps {
  /** The folder in lambda/ whose main.ts exports `handler`. */
  readonly entry: 'serve' | 'publish';
  readonly description: string;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  /** Instances at most, kept for this function alone; undefined shares the account's. */
  readonly reservedConcurrency?: number | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly logGroup: LogGroup;
  readonly statements: readonly PolicyStatement[];
}

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** A function with a role of its own that may do what its statements say, and write to its own log group. */
export class ChannelFunction extends Construct {
  readonly lambda: NodejsFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: ChannelFunctionProps) {
    super(scope, id);
    // Everything stands in the role itself: no managed policy, and no grant method that adds more than is asked.
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
      awsSdkConnectionReuse: false, // a variable that only the SDK's version 2 reads
      bundling: {
        format: OutputFormat.ESM,
        target: 'node24',
        mainFields: ['module', 'main'],
        bundleAwsSDK: true,
        minify: true,
        // The names of errors, for the log. In serve they would cost 3 KB and some 3 % of a cold start.
        keepNames: props.entry === 'publish',
        logLevel: LogLevel.WARNING,
        metafile: true,
        // The notices of what is bundled go into the asset. The metafile goes beside the template, where the bundle test reads it.
        // It names a path of this machine: inside the asset it would change the asset's hash from one checkout to the next.
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
