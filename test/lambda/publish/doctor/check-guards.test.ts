import type { LifecycleRule } from '@aws-sdk/client-s3';
import { describe, expect, it } from '@jest/globals';
import { checkGuards } from '../../../../lambda/publish/doctor/check-guards.ts';
import { type BucketStatement, bucketPolicy } from '../../../../lib/domain/bucket-policy.ts';
import type { BucketGuards } from '../../../../lib/store/write/guards.ts';
import { publishRig } from '../../../support/publish-rig.ts';

const terms = {
  bucketArn: 'arn:aws:s3:::old',
  breakGlassRoleArn: 'arn:aws:iam::123456789012:role/ops/Rescue',
  publishRoleArn: 'arn:aws:iam::123456789012:role/Stack-PublishRole',
};
const statements = bucketPolicy(terms);
const withTakedown = bucketPolicy({ ...terms, takedownRoleArn: 'arn:aws:iam::123456789012:role/takedown' });
const policyOf = (Statement: unknown) => JSON.stringify({ Version: '2012-10-17', Statement });

/** As `aws s3api put-bucket-lifecycle-configuration` of the output LifecycleJson leaves them. */
const rules: readonly LifecycleRule[] = [
  {
    ID: 'AbortIncompleteUploads',
    Status: 'Enabled',
    Filter: { Prefix: '' },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
  },
  {
    ID: 'ExpireUploadState',
    Status: 'Enabled',
    Filter: { Prefix: 'uploads/' },
    Expiration: { Days: 8 },
    NoncurrentVersionExpiration: { NoncurrentDays: 1 },
  },
  {
    ID: 'DeleteRetiredReleases',
    Status: 'Enabled',
    Filter: { Tag: { Key: 'kind', Value: 'retired' } },
    Expiration: { Days: 1 },
    NoncurrentVersionExpiration: { NoncurrentDays: 1 },
  },
  {
    ID: 'DeleteLoneMarkers',
    Status: 'Enabled',
    Filter: { Prefix: '' },
    Expiration: { ExpiredObjectDeleteMarker: true },
  },
];

const sound: BucketGuards = {
  bucket: 'old',
  amazon: true,
  policy: { value: policyOf(statements) },
  lifecycle: { value: rules },
  versioning: { value: 'Enabled' },
  publicAccess: {
    value: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
  },
};

const found = (guards: Partial<BucketGuards>): string[] =>
  checkGuards({ ...sound, ...guards }).map(({ kind, subject }) => `${kind} ${subject}`);

const policy = (value: unknown) => ({ policy: { value: policyOf(value) } });
const lifecycle = (...more: readonly LifecycleRule[]) => ({ lifecycle: { value: [...rules, ...more] } });
const whole = { ID: 'x', Status: 'Enabled', Filter: { Prefix: '' } } as const;

describe('a bucket that is protected like the one of the stack', () => {
  it('has no finding', () => {
    expect(found({})).toEqual([]);
  });

  it('has no finding if its statements have other orders, spellings and names, next to other statements', () => {
    const respelt = statements.toReversed().map(({ Sid: _, Principal, Action, Condition, ...rest }) => ({
      Condition,
      Action: [Action].flat().toReversed(),
      Principal: '*',
      ...rest,
    }));
    const text = policyOf([{ Sid: 'Other', Effect: 'Allow' }, ...respelt]);

    expect(found({ policy: { value: text.replaceAll('arn:aws:', 'arn:aws-cn:').replace('"1.2"', '1.2') } })).toEqual(
      [],
    );
  });

  it('has no finding if the lists within a statement have another order', () => {
    const lists = statements.filter(({ Resource }) => Array.isArray(Resource));
    const reversed = statements.map(({ Resource, ...rest }) => ({
      ...rest,
      ...(Resource === undefined ? {} : { Resource: [Resource].flat().toReversed() }),
    }));

    expect(lists).not.toEqual([]);
    expect(found(policy(reversed))).toEqual([]);
  });

  it('has no finding if its rules move and expire only what is not a release', () => {
    const below = { ...whole, Filter: { Prefix: 'logs/' }, Expiration: { Days: 1 } };
    const off: LifecycleRule = { ...whole, Status: 'Disabled', Expiration: { Days: 1 } };
    const toIa: LifecycleRule = { ...whole, Transitions: [{ Days: 90, StorageClass: 'GLACIER_IR' }] };
    const markers: LifecycleRule = { ...whole, Expiration: { ExpiredObjectDeleteMarker: true } };

    expect(found(lifecycle(below, off, toIa, markers))).toEqual([]);
  });
});

describe("a bucket's policy", () => {
  it.each(statements.map((statement) => [statement.Sid, statement] as const))(
    'is reported if it lacks %s',
    (name, statement) => {
      expect(found(policy(statements.filter((one) => one !== statement)))).toEqual([`policy-missing ${name}`]);
    },
  );

  it('is reported for each statement if there is no policy, or if it is not JSON', () => {
    const all = statements.map(({ Sid }) => `policy-missing ${Sid}`);

    expect(found({ policy: { value: undefined } })).toEqual(all);
    expect(found({ policy: { value: 'policy' } })).toEqual(all);
    expect(found({ policy: { value: '{}' } })).toEqual(all);
  });

  it.each<[string, (statement: BucketStatement) => object]>([
    ['another effect', (one) => ({ ...one, Effect: 'Allow' })],
    ['another bucket', (one) => JSON.parse(JSON.stringify(one).replaceAll(':::old', ':::older'))],
    ['fewer whom it binds', (one) => ({ ...one, Principal: { AWS: 'arn:aws:iam::123456789012:root' } })],
    [
      'one more condition',
      (one) => ({ ...one, Condition: { ...one.Condition, Bool: { 'aws:ViaAWSService': 'false' } } }),
    ],
  ])('does not count as the same with %s', (_, change) => {
    expect(found(policy(statements.map(change)))).toHaveLength(statements.length);
  });

  it('is reported if it does not name a single role that may delete', () => {
    const open = JSON.stringify(statements).replace('role/ops/Rescue', 'role/*');

    expect(found(policy(JSON.parse(open)))).toEqual(['policy-missing OnlyBreakGlassDeletes']);
  });

  it('is reported if more than one role may set the tag of retired releases', () => {
    const open = JSON.stringify(statements).replace('role/Stack-PublishRole', 'role/Stack-*');

    expect(found(policy(JSON.parse(open)))).toEqual(['policy-missing OnlyTheScheduleRetires']);
  });

  it('may let a second role delete, but only releases', () => {
    const documents = withTakedown.filter(({ Sid }) => Sid !== 'DocumentsAreNotTakenDown');
    const third = JSON.stringify(withTakedown).replace(
      '"arn:aws:iam::123456789012:role/takedown"',
      '"arn:aws:iam::123456789012:role/takedown","arn:aws:iam::123456789012:role/third"',
    );

    expect(found(policy(withTakedown))).toEqual([]);
    expect(found(policy(documents))).toEqual(['policy-missing DocumentsAreNotTakenDown']);
    expect(found(policy(JSON.parse(third)))).toEqual(['policy-missing OnlyBreakGlassDeletes']);
  });
});

describe("a bucket's lifecycle rules", () => {
  it.each<[string, Partial<LifecycleRule>, string]>([
    ['delete releases', { Expiration: { Days: 365 } }, 'lifecycle-expires x'],
    ['delete them on a day', { Expiration: { Date: new Date(0) } }, 'lifecycle-expires x'],
    ['delete some of them', { Filter: { Prefix: 'nixos-' }, Expiration: { Days: 365 } }, 'lifecycle-expires x'],
    [
      'delete those with a tag',
      { Filter: { And: { Prefix: 'nixos-', Tags: [{ Key: 'kind', Value: 'release' }] } }, Expiration: { Days: 365 } },
      'lifecycle-expires x',
    ],
    ['delete old versions', { NoncurrentVersionExpiration: { NoncurrentDays: 30 } }, 'lifecycle-forgets x'],
    ['make readers wait', { Transitions: [{ Days: 90, StorageClass: 'DEEP_ARCHIVE' }] }, 'lifecycle-archives x'],
  ])('are reported if they %s', (_, rule, finding) => {
    expect(found(lifecycle({ ...whole, ...rule }))).toEqual([finding]);
  });

  it('are reported if they are missing', () => {
    const missing = rules.map(({ ID }) => `lifecycle-missing ${ID}`);

    expect(found({ lifecycle: { value: undefined } })).toEqual(missing);
    expect(found({ lifecycle: { value: rules.map((rule) => ({ ...rule, Status: 'Disabled' })) } })).toEqual(missing);
  });
});

describe('the rules about retired releases', () => {
  const isRetired = ({ ID }: LifecycleRule) => ID === 'DeleteRetiredReleases';
  const changed = (change: (rule: LifecycleRule) => LifecycleRule) => ({
    lifecycle: { value: rules.map((rule) => (isRetired(rule) ? change(rule) : rule)) },
  });

  it('may have a prefix beside the tag', () => {
    const Tags = [{ Key: 'kind', Value: 'retired' }];
    expect(found(changed((rule) => ({ ...rule, Filter: { And: { Prefix: '', Tags } } })))).toEqual([]);
  });

  it('are reported if they keep old versions, in which the bytes are', () => {
    expect(found(changed(({ NoncurrentVersionExpiration: _, ...rule }) => rule))).toEqual([
      'lifecycle-missing DeleteRetiredReleases',
    ]);
  });

  it('are reported if they have another tag, by which they delete what is not retired', () => {
    const Filter = { Tag: { Key: 'kind', Value: 'release' } };
    expect(found(changed((rule) => ({ ...rule, Filter })))).toEqual([
      'lifecycle-expires DeleteRetiredReleases',
      'lifecycle-forgets DeleteRetiredReleases',
      'lifecycle-missing DeleteRetiredReleases',
    ]);
  });

  it('are not required where the store is not Amazon S3, because it may have no tags', () => {
    const [aborts, expires] = rules;
    expect(found({ amazon: false, lifecycle: { value: [aborts, expires] as LifecycleRule[] } })).toEqual([
      "guard-unseen bucket's policy",
    ]);
  });
});

describe('the other settings of a bucket', () => {
  it('are reported if the bucket keeps no old versions', () => {
    for (const value of [undefined, 'Suspended'])
      expect(found({ versioning: { value } })).toEqual(['versioning-off versioning']);
  });

  it('are reported if the bucket does not block public access', () => {
    const kind = ['public-access block of public access'];

    expect(found({ publicAccess: { value: undefined } })).toEqual(kind);
    expect(found({ publicAccess: { value: { BlockPublicAcls: true } } })).toEqual(kind);
  });

  it('are reported as info if the store does not show them', () => {
    const unreadable = { unreadable: 'NotImplemented' };
    const findings = checkGuards({
      ...sound,
      policy: unreadable,
      lifecycle: unreadable,
      versioning: unreadable,
      publicAccess: unreadable,
    });

    expect(findings.map(({ kind, severity, subject }) => `${severity} ${kind} ${subject}`)).toEqual([
      "info guard-unseen bucket's policy",
      'info guard-unseen lifecycle rules',
      'info guard-unseen versioning',
      'info guard-unseen block of public access',
    ]);
    expect(findings[1]?.means).toBe('The lifecycle rules could not be checked: the store answers NotImplemented.');
  });

  it('are checked without the policy where the store is not Amazon S3', () => {
    expect(found({ amazon: false, policy: { value: undefined } })).toEqual(["guard-unseen bucket's policy"]);
  });
});

const unversioned = () =>
  publishRig(undefined, undefined, async () => ({ ...sound, versioning: { value: undefined } }));

describe('GET /publish/doctor', () => {
  it('reports the settings of the bucket first, and once', async () => {
    const rig = unversioned();
    const { body } = await rig.call('GET /publish/doctor');

    expect(body.findings.map(({ kind }: { kind: string }) => kind)).toEqual(['versioning-off', 'catalog-missing']);
    expect(body.next).toBeDefined();
    expect((await rig.call('GET /publish/doctor', { query: { after: body.next } })).body.findings).toEqual([]);
  });

  it('does not change the settings of the bucket when it mends', async () => {
    const rig = unversioned();
    const { body } = await rig.call('POST /publish/doctor', { body: { operation: 'operation-of-this-run' } });

    expect(body.findings[0]).toMatchObject({ kind: 'versioning-off', fixable: false, fixed: false });
  });
});

it('names no output of the stack, because only a stack with an existing bucket has outputs for it', () => {
  const fixes = checkGuards({ ...sound, policy: { value: undefined }, lifecycle: { value: undefined } }).map(
    ({ fix }) => fix,
  );
  expect(fixes.length).toBeGreaterThan(2);
  expect(fixes.join('\n')).not.toMatch(/BucketPolicyJson|LifecycleJson/);
});
