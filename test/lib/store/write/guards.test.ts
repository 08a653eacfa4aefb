import type { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from '@jest/globals';
import { createGuardReader } from '../../../../lib/store/write/guards.ts';

const failure = (status: number | undefined, name: string) =>
  Object.assign(new Error(name), { name, ...(status === undefined ? {} : { $metadata: { httpStatusCode: status } }) });

const answers = {
  GetBucketPolicyCommand: { Policy: '{}' },
  GetBucketLifecycleConfigurationCommand: { Rules: [{ ID: 'one' }] },
  GetBucketVersioningCommand: { Status: 'Enabled' },
  GetPublicAccessBlockCommand: { PublicAccessBlockConfiguration: { BlockPublicAcls: true } },
};

function read(changed: Readonly<Record<string, object>>) {
  const given: Readonly<Record<string, object>> = { ...answers, ...changed };
  const client = {
    send: async (command: object) => {
      const answer = given[command.constructor.name];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  } as unknown as S3Client;
  return createGuardReader(client, 'tarballs', true)();
}

const all = (answer: object) => Object.fromEntries(Object.keys(answers).map((name) => [name, answer]));

describe('what protects a bucket', () => {
  it('is read', async () => {
    expect(await read({})).toEqual({
      bucket: 'tarballs',
      amazon: true,
      policy: { value: '{}' },
      lifecycle: { value: [{ ID: 'one' }] },
      versioning: { value: 'Enabled' },
      publicAccess: { value: { BlockPublicAcls: true } },
    });
  });

  it('may not be there', async () => {
    const none = { value: undefined };
    const guards = await read({
      GetBucketPolicyCommand: failure(404, 'NoSuchBucketPolicy'),
      GetBucketLifecycleConfigurationCommand: failure(404, 'NoSuchLifecycleConfiguration'),
      GetBucketVersioningCommand: {},
      GetPublicAccessBlockCommand: failure(404, 'NoSuchPublicAccessBlockConfiguration'),
    });

    expect(guards).toMatchObject({ policy: none, lifecycle: none, versioning: none, publicAccess: none });
  });

  it.each([
    [501, 'NotImplemented'],
    [405, 'MethodNotAllowed'],
    [403, 'AccessDenied'],
  ])('may be what the store does not tell: %i %s', async (status, name) => {
    const unreadable = { unreadable: name };

    expect(await read(all(failure(status, name)))).toMatchObject({
      policy: unreadable,
      lifecycle: unreadable,
      versioning: unreadable,
      publicAccess: unreadable,
    });
  });

  it.each([
    [500, 'InternalError'],
    [undefined, 'TimeoutError'],
    [404, 'NoSuchBucket'],
  ])('is not taken for absent when S3 fails: %s %s', async (status, name) => {
    await expect(read({ GetBucketPolicyCommand: failure(status, name) })).rejects.toMatchObject({ status: 503 });
  });
});
