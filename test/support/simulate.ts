import { runSimulation, type Simulation } from '@cloud-copilot/iam-simulate';

export const account = '111122223333';
export const apiArn = `arn:aws:execute-api:us-east-1:${account}:abcdefghij/$default`;
export const bucketArn = 'arn:aws:s3:::channels-example';

/** A part of a template as `SynthesizedStack` gives it, with values in place of what is known at deployment. */
export const deployed = <Value>(part: Value): Value =>
  JSON.parse(
    JSON.stringify(part)
      .replaceAll('<AWS::Partition>', 'aws')
      .replaceAll('<AWS::Region>', 'us-east-1')
      .replaceAll('<AWS::AccountId>', account)
      .replaceAll('<ChannelApi>', 'abcdefghij')
      .replaceAll('<ChannelBucket.Arn>', bucketArn),
  ) as Value;

interface Asked {
  readonly principal?: string;
  readonly action: string;
  readonly resource: string;
  readonly context?: Record<string, string>;
  /** Of the principal; everything is allowed without. */
  readonly identityPolicy?: unknown;
  readonly resourcePolicy?: unknown;
}

const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

const simulationOf = (asked: Asked): Simulation => ({
  request: {
    principal: asked.principal ?? `arn:aws:iam::${account}:role/somebody`,
    action: asked.action,
    resource: { resource: asked.resource, accountId: account },
    contextVariables: asked.context ?? {},
  },
  identityPolicies: [{ name: 'identity', policy: asked.identityPolicy ?? everything }],
  serviceControlPolicies: [],
  resourceControlPolicies: [],
  ...(asked.resourcePolicy === undefined ? {} : { resourcePolicy: asked.resourcePolicy }),
});

/** What IAM would say, by an evaluator that is not ours. It refuses unknown actions, and condition keys of other actions. */
export async function simulate(asked: Asked): Promise<string> {
  const simulated = await runSimulation(simulationOf(asked), {});
  // A condition key that the action does not have would be left out, and a denial by it never seen.
  if (simulated.resultType !== 'single' || simulated.result.ignoredContextKeys?.length !== 0)
    throw new Error(JSON.stringify(simulated));
  return simulated.overallResult;
}

/**
 * Whether a workflow with these claims gets a session. The evaluator knows the condition keys of Google's issuer and not those
 * of others, and leaves out what it does not know: so the issuer goes by that name here, in the policy as in the request.
 */
export function simulateWebIdentity(
  trustPolicy: unknown,
  issuer: string,
  claims: Record<string, string>,
): Promise<string> {
  // Only where it names the provider or a key: an audience may be the same URL.
  const renamed = (text: string): string =>
    text
      .replaceAll(`oidc-provider/${issuer}"`, 'oidc-provider/accounts.google.com"')
      .replaceAll(`"${issuer}:`, '"accounts.google.com:');
  return simulate({
    principal: `arn:aws:iam::${account}:oidc-provider/accounts.google.com`,
    action: 'sts:AssumeRoleWithWebIdentity',
    resource: `arn:aws:iam::${account}:role/publisher`,
    context: Object.fromEntries(
      Object.entries(claims).map(([claim, value]) => [`accounts.google.com:${claim}`, value]),
    ),
    identityPolicy: { Version: '2012-10-17', Statement: [] },
    resourcePolicy: JSON.parse(renamed(JSON.stringify(trustPolicy))),
  });
}
