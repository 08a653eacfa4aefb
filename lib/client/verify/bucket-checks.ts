import { type Check, seen } from './check.ts';

const absent = { IfNoneMatch: '*' };
const tarball = 'release.tar.xz';
const record = 'record.json';

/** That the store compares before it writes, and that its policy leaves no way around. */
export const bucketChecks: readonly Check[] = [
  {
    name: 'a record is created once',
    expected: '200, then 412',
    look: async ({ bucket }) => {
      const first = await bucket.put(record, '{"serial":1}', absent);
      const second = await bucket.put(record, '{"serial":2}', absent);
      return seen(first.status === 200 && second.status === 412, `${first.status}, then ${second.status}`);
    },
  },
  {
    name: 'a record changes by compare-and-swap',
    expected: '200, and 412 with an old entity tag',
    look: async ({ bucket }) => {
      const { etag: IfMatch = '' } = await bucket.put('swapped.json', '{"serial":1}', absent);
      const swap = await bucket.put('swapped.json', '{"serial":2}', { IfMatch });
      const late = await bucket.put('swapped.json', '{"serial":3}', { IfMatch });
      return seen(swap.status === 200 && late.status === 412, `${swap.status}, and ${late.status}`);
    },
  },
  {
    name: 'a release is completed once',
    expected: '200, then 412',
    look: async ({ bucket }) => {
      const first = await bucket.upload(tarball, 'first', absent);
      const second = await bucket.upload(tarball, 'other', absent);
      return seen(first.status === 200 && second.status === 412, `${first.status}, then ${second.status}`);
    },
  },
  {
    name: 'a record without a condition',
    expected: '403',
    byPolicy: true,
    look: async ({ bucket }) => {
      const { status } = await bucket.put('unconditional.json', '{}');
      return seen(status === 403, status);
    },
  },
  {
    name: 'a tarball without a condition',
    expected: '403',
    byPolicy: true,
    look: async ({ bucket }) => {
      const { status } = await bucket.put('unconditional.tar.xz', 'bytes');
      return seen(status === 403, status);
    },
  },
  {
    name: 'an upload completed without a condition',
    expected: '403',
    byPolicy: true,
    look: async ({ bucket }) => {
      const { status } = await bucket.upload('unconditional-upload.tar.xz', 'bytes');
      return seen(status === 403, status);
    },
  },
  {
    name: 'a release replaced, with If-Match',
    expected: '403',
    byPolicy: true,
    look: async ({ bucket }) => {
      const { etag: IfMatch = '' } = await bucket.put('replaced.tar.xz', 'first', absent);
      const { status } = await bucket.put('replaced.tar.xz', 'other', { IfMatch });
      return seen(status === 403 && IfMatch !== '', status);
    },
  },
  {
    name: 'a copy of a release',
    expected: '403',
    byPolicy: true,
    look: async ({ bucket }) => {
      const { status } = await bucket.copy(tarball, 'copied.tar.xz');
      return seen(status === 403, status);
    },
  },
  {
    name: 'a release deleted by you',
    expected: '403',
    byPolicy: true,
    look: async ({ bucket }) => {
      const { status } = await bucket.remove(tarball);
      return seen(status === 403, status);
    },
  },
];
