import { type Check, type CheckResult, type StoreAnswer, seen } from './deployment.ts';

const absent = { IfNoneMatch: '*' };
const tarball = 'release.tar.xz';
const record = 'record.json';

/** By this the refusal is the policy's, and not for a missing permission (IAM user guide, "Access denied error messages"). */
const byPolicy = /explicit deny in a resource-based policy/;
const refusal = "403, by the bucket's policy";

function refused({ status, reason = '' }: StoreAnswer): CheckResult {
  const [denial] = byPolicy.exec(reason) ?? [];
  return seen(status === 403 && denial !== undefined, `${status} ${denial ?? reason}`.trim());
}

/** That the store compares before it writes, and that the bucket's policy requires it. */
export const bucketChecks: readonly Check[] = [
  {
    name: 'a record is created once',
    expected: '200, then 412',
    run: async ({ bucket }) => {
      const first = await bucket.put(record, '{"serial":1}', absent);
      const second = await bucket.put(record, '{"serial":2}', absent);
      return seen(first.status === 200 && second.status === 412, `${first.status}, then ${second.status}`);
    },
  },
  {
    name: 'a record changes by compare-and-swap',
    expected: '200, and 412 with an old entity tag',
    run: async ({ bucket }) => {
      const { etag: IfMatch = '' } = await bucket.put('swapped.json', '{"serial":1}', absent);
      const swap = await bucket.put('swapped.json', '{"serial":2}', { IfMatch });
      const late = await bucket.put('swapped.json', '{"serial":3}', { IfMatch });
      return seen(swap.status === 200 && late.status === 412, `${swap.status}, and ${late.status}`);
    },
  },
  {
    name: 'a release is completed once',
    expected: '200, then 412',
    run: async ({ bucket }) => {
      const first = await bucket.upload(tarball, 'first', absent);
      const second = await bucket.upload(tarball, 'other', absent);
      return seen(first.status === 200 && second.status === 412, `${first.status}, then ${second.status}`);
    },
  },
  {
    name: 'a record without a condition',
    expected: refusal,
    byPolicy: true,
    run: async ({ bucket }) => refused(await bucket.put('unconditional.json', '{}')),
  },
  {
    name: 'a tarball without a condition',
    expected: refusal,
    byPolicy: true,
    run: async ({ bucket }) => refused(await bucket.put('unconditional.tar.xz', 'bytes')),
  },
  {
    name: 'an upload completed without a condition',
    expected: refusal,
    byPolicy: true,
    run: async ({ bucket }) => refused(await bucket.upload('unconditional-upload.tar.xz', 'bytes')),
  },
  {
    name: 'a release replaced, with If-Match',
    expected: refusal,
    byPolicy: true,
    run: async ({ bucket }) => {
      const { etag: IfMatch = '' } = await bucket.put('replaced.tar.xz', 'first', absent);
      return refused(await bucket.put('replaced.tar.xz', 'other', { IfMatch }));
    },
  },
  {
    name: 'a copy of a release',
    expected: refusal,
    byPolicy: true,
    run: async ({ bucket }) => {
      const conditional = await bucket.copy(tarball, 'copied.tar.xz', absent);
      // Some regions accept no condition with a copy (501).
      return conditional.status === 501 ? refused(await bucket.copy(tarball, 'copied.tar.xz')) : refused(conditional);
    },
  },
  {
    name: 'a release deleted by you',
    expected: refusal,
    byPolicy: true,
    run: async ({ bucket }) => refused(await bucket.remove(tarball)),
  },
];
