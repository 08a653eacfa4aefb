import { table } from '../text.ts';
import { bucketChecks } from './bucket-checks.ts';
import { type Check, type DeploymentUnderTest, notHere, type Seen } from './deployment.ts';
import { publishChecks, publisherCheck, removalCheck } from './publish-checks.ts';
import { readingChecks } from './reading-checks.ts';

/** In the order in which they are made: the first ones make what the next ones look at. */
export const checks: readonly Check[] = [
  ...publishChecks,
  ...readingChecks,
  ...bucketChecks,
  publisherCheck,
  removalCheck,
];

interface Result extends Seen {
  readonly name: string;
  readonly expected: string;
}

async function runCheck(check: Check, deployment: DeploymentUnderTest, policies: boolean): Promise<Seen> {
  if (check.byPolicy && !policies) return notHere('not here: only Amazon S3 evaluates the policy');
  try {
    return await check.run(deployment);
  } catch (error) {
    return { ok: false, seen: (error as Error).message };
  }
}

/** Makes every check, whatever the ones before it saw. `policies`: whether the bucket is one of Amazon's. */
export async function verifyDeployment(deployment: DeploymentUnderTest, policies: boolean): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const check of checks) {
    const { name, expected } = check;
    results.push({ name, expected, ...(await runCheck(check, deployment, policies)) });
  }
  return results;
}

const word = (ok: boolean | undefined): string => (ok === undefined ? '-' : ok ? 'ok' : 'FAILED');

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 160);

export const resultsText = (results: readonly Result[]): string =>
  table([
    ['', 'check', 'expected', 'seen'],
    ...results.map(({ name, expected, ok, seen }) => [word(ok), name, expected, oneLine(seen)]),
  ]);

export const checksText = (): string =>
  table([['check', 'expected'], ...checks.map(({ name, expected }) => [name, expected])]);
