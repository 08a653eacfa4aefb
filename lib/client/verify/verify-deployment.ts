import { oneLine, table } from '../text.ts';
import { bucketChecks } from './bucket-checks.ts';
import { type Check, type CheckResult, type DeploymentUnderTest, skipped } from './deployment.ts';
import { publishChecks, publisherCheck, removalCheck } from './publish-checks.ts';
import { readingChecks } from './reading-checks.ts';

/** In this order: the first checks create what the next ones need. */
export const checks: readonly Check[] = [
  ...publishChecks,
  ...readingChecks,
  ...bucketChecks,
  publisherCheck,
  removalCheck,
];

interface Result extends CheckResult {
  readonly name: string;
  readonly expected: string;
}

async function runCheck(check: Check, deployment: DeploymentUnderTest, policies: boolean): Promise<CheckResult> {
  if (check.byPolicy && !policies) return skipped('skipped: only Amazon S3 evaluates the policy');
  try {
    return await check.run(deployment);
  } catch (error) {
    return { ok: false, seen: (error as Error).message };
  }
}

/** Runs every check, also after a failure. @param policies whether the bucket is at Amazon S3 */
export async function verifyDeployment(deployment: DeploymentUnderTest, policies: boolean): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const check of checks) {
    const { name, expected } = check;
    results.push({ name, expected, ...(await runCheck(check, deployment, policies)) });
  }
  return results;
}

const word = (ok: boolean | undefined): string => (ok === undefined ? '-' : ok ? 'ok' : 'FAILED');

const maxSeenLength = 160;

export const resultsText = (results: readonly Result[]): string =>
  table([
    ['', 'check', 'expected', 'seen'],
    ...results.map(({ name, expected, ok, seen }) => [word(ok), name, expected, oneLine(seen).slice(0, maxSeenLength)]),
  ]);

export const checksText = (): string =>
  table([['check', 'expected'], ...checks.map(({ name, expected }) => [name, expected])]);
