import { partitionIds } from '../../../lib/domain/aws.ts';
import { bucketPolicy, type StatementName } from '../../../lib/domain/bucket-policy.ts';

const roleForm = new RegExp(String.raw`^arn:${partitionIds}:iam::\d{12}:role/[^*?]+$`);
const bucketForm = new RegExp(`^arn:${partitionIds}:s3:::`);
const someRole = 'arn:aws:iam::000000000000:role/whichever';

/** IAM takes a list of one for the one, any order of a list, and text for numbers; and each partition has its own ARNs. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 1 ? canonical(value[0]) : value.map(canonical).sort();
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, entry]) => [key, canonical(entry)] as const);
    return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
  }
  const text = String(value);
  return roleForm.test(text) ? someRole : text.replace(bucketForm, 'arn:aws:s3:::');
}

/** Without its name; everybody may be written as `*`. */
function formOf({ Sid: _, Principal, ...rest }: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(canonical({ ...rest, Principal: Principal === '*' ? { AWS: '*' } : Principal }));
}

function statementsOf(policy: string): readonly Readonly<Record<string, unknown>>[] {
  try {
    const { Statement } = JSON.parse(policy) as { Statement?: Record<string, unknown>[] };
    return [Statement ?? []].flat().filter((one) => typeof one === 'object' && one !== null);
  } catch {
    return [];
  }
}

/** The names of the statements that a bucket of the stack has and this one has not, whatever they are called there. */
export function missingStatements(bucket: string, policy: string | undefined): readonly StatementName[] {
  const found = new Set(statementsOf(policy ?? '').map(formOf));
  return bucketPolicy({ bucketArn: `arn:aws:s3:::${bucket}`, breakGlassRoleArn: someRole })
    .filter((statement) => !found.has(formOf({ ...statement })))
    .map(({ Sid }) => Sid);
}
