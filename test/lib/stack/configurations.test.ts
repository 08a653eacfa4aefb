import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { checkTemplate } from '../../support/check-template.ts';
import { compareDigests, digestTemplate } from '../../support/digest-template.ts';
import { stackConfigurations } from '../../support/stack-configurations.ts';
import { channelApp, StackTemplate, SynthesizedStack } from '../../support/synth-stack.ts';

interface PluginReport {
  readonly pluginName: string;
  readonly violations: readonly unknown[];
}

const names = Object.keys(stackConfigurations);
const stacks = Object.fromEntries(
  Object.entries(stackConfigurations).map(([name, context]) => [name, new SynthesizedStack(context)]),
) as Record<string, SynthesizedStack>;
const digests = Object.fromEntries(Object.entries(stacks).map(([name, stack]) => [name, digestTemplate(stack)]));
const standard = digests.default ?? [];

describe('the configurations', () => {
  it('are these', () => {
    expect(names).toEqual([
      'default',
      'delivery-existing-bucket',
      'delivery',
      'domain-and-jwt',
      'everything',
      'existing-bucket',
      'external-bucket',
      'oidc-publisher',
    ]);
  });

  it('default: is this', () => {
    expect(`\n${standard.join('\n')}\n`).toMatchSnapshot();
  });

  it.each(names.filter((name) => name !== 'default'))('%s: differs from the default by this', (name) => {
    expect(`\n${compareDigests(standard, digests[name] ?? []).join('\n')}\n`).toMatchSnapshot();
  });

  it.each(names)('%s has no error of the kinds that other checkers miss', (name) => {
    expect(checkTemplate(stacks[name] as SynthesizedStack)).toEqual([]);
  });

  it.each(names)('%s has no finding of cdk-nag or of the CDK itself', (name) => {
    const app = channelApp(stackConfigurations[name], { validate: true });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    const { directory } = app.synth();
    const { pluginReports } = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')) as {
      pluginReports: readonly PluginReport[];
    };

    expect(pluginReports.map(({ pluginName }) => pluginName)).toContain('AwsSolutions');
    expect(pluginReports.flatMap(({ violations }) => violations)).toEqual([]);
  });
});

const text = JSON.stringify(stacks.everything?.template);
const [, serveIntegration = ''] =
  /"RouteKey":"GET \/channel\/\{channel\}","Target":\{"Fn::Join":\["",\["integrations\/",\{"Ref":"(\w+)"/.exec(text) ??
  [];

/** The template with one text in place of another. */
function mutated(from: string | RegExp, to: string): StackTemplate {
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`The template has no ${from}.`);
  return new StackTemplate(JSON.parse(changed));
}

describe('checkTemplate', () => {
  it.each<[string, string | RegExp, string, unknown]>([
    [
      'a publish route that anybody may call',
      '"AuthorizationType":"AWS_IAM","RouteKey":"POST /publish/catalog"',
      '"AuthorizationType":"NONE","RouteKey":"POST /publish/catalog"',
      'route POST /publish/catalog NONE to publish: not in the table',
    ],
    [
      'a route without authorization',
      '"AuthorizationType":"AWS_IAM","RouteKey":"GET /publish/doctor"',
      '"RouteKey":"GET /publish/doctor"',
      'route GET /publish/doctor undefined to publish: not in the table',
    ],
    [
      'an authorization type that there is not',
      '"AuthorizationType":"AWS_IAM","RouteKey":"GET /publish/doctor"',
      '"AuthorizationType":"IAM","RouteKey":"GET /publish/doctor"',
      'route GET /publish/doctor IAM to publish: not in the table',
    ],
    [
      'a misspelt route key',
      '"RouteKey":"GET /channel/{channel}"',
      '"RouteKey":"GET /channels/{channel}"',
      'route GET /channel/{channel} NONE to serve: missing',
    ],
    [
      'a limit with a lower-case key',
      '"ThrottlingRateLimit":1000',
      '"throttlingRateLimit":1000',
      'throttlingRateLimit of GET /channel/{channel}: not in the table',
    ],
    [
      'a limit without its burst',
      '"ThrottlingBurstLimit":2000',
      '"Throttling":2000',
      'ThrottlingBurstLimit of GET /channel/{channel}: missing',
    ],
    [
      'a limit that lets nobody through',
      '"ThrottlingBurstLimit":2000',
      '"ThrottlingBurstLimit":0',
      'a limit of GET /channel/{channel} is 0',
    ],
    [
      'a limit of a route that there is not',
      '"GET /publish/doctor":{',
      '"GET /publish/docter":{',
      'a limit of GET /publish/docter: no such route',
    ],
    [
      'a misspelt action',
      '"s3:ListBucketMultipartUploads"',
      '"s3:ListMultipartUploads"',
      'Allow s3:ListMultipartUploads: not meant',
    ],
    ['an action of all kinds', '"s3:PutObjectTagging"]', '"s3:Put*"]', 'Allow s3:Put*: not meant'],
    ['a right to delete', '"s3:PutObjectTagging"]', '"s3:DeleteObject*"]', 'Allow s3:DeleteObject*: not meant'],
    [
      'a right to delete, spelt in full, of a function',
      '"s3:ListMultipartUploadParts"',
      '"s3:DeleteObject"',
      expect.stringMatching(/^PublishRole\w+ may delete$/),
    ],
    [
      'a role for takedowns that may delete the catalog',
      '"Action":["s3:DeleteObject*","s3:GetObject*"],"Effect":"Deny"',
      '"Action":["s3:DeleteObject*","s3:GetObject*"],"Effect":"Allow"',
      expect.stringMatching(/^TakedownRole\w+ may delete \*\.json$/),
    ],
    [
      'a role for takedowns that the bucket lets delete everything',
      '"Sid":"DocumentsAreNotTakenDown"',
      '"Sid":"Other"',
      expect.stringMatching(/^the bucket's policy: .*DocumentsAreNotTakenDown.*: missing$/),
    ],
    ['a right to everything', '"Action":"s3:GetObject"', '"Action":"s3:*"', 'Allow s3:*: not meant'],
    [
      'a publish route that leads to the function that serves',
      /"RouteKey":"POST \/publish\/catalog","Target":\{"Fn::Join":\["",\["integrations\/",\{"Ref":"\w+"\}/,
      `"RouteKey":"POST /publish/catalog","Target":{"Fn::Join":["",["integrations/",{"Ref":"${serveIntegration}"}`,
      'route POST /publish/catalog AWS_IAM to serve: not in the table',
    ],
    [
      'a publish route without limit',
      /"GET \/publish\/doctor":\{[^}]*\},?/,
      '',
      'route GET /publish/doctor has no limit',
    ],
    [
      'a role that any token opens',
      /"token\.actions\.githubusercontent\.com:sub":"[^"]*"/,
      '"token.actions.githubusercontent.com:sub":"*"',
      'a role is opened by a token whose sub may be any',
    ],
    [
      'a role that a token for anybody opens',
      '"token.actions.githubusercontent.com:aud":"sts.amazonaws.com",',
      '',
      'a role is opened by a token whose aud may be any',
    ],
    [
      'a bucket policy that allows what it should deny',
      /"Effect":"Deny"(,"Principal":\{"AWS":"\*"\},"Resource":\{"Fn::Join":\["",\[\{"Fn::GetAtt":\["ChannelBucket","Arn"\]\},"\/\*\.json")/,
      '"Effect":"Allow"$1',
      expect.stringMatching(/^the bucket's policy: .*DocumentsChangeByCompareAndSwap.*: missing$/),
    ],
    [
      'a condition that is turned round',
      '"s3:if-none-match":"true"}},"Effect"',
      '"s3:if-none-match":"false"}},"Effect"',
      expect.stringMatching(/^the bucket's policy: .*: missing$/),
    ],
    [
      'deletions by everybody',
      /:role\/ops\/Rescue/g,
      ':role/*',
      expect.stringMatching(/^the bucket's policy: .*OnlyBreakGlassDeletes.*: missing$/),
    ],
    [
      'a bucket without a policy',
      '"Type":"AWS::S3::BucketPolicy"',
      '"Type":"AWS::S3::BucketPolicies"',
      expect.stringMatching(/^the bucket's policy: .*OnlyByTls.*: missing$/),
    ],
    [
      'an operator that is turned round',
      '"ArnNotLike":',
      '"ArnLike":',
      expect.stringMatching(/^the bucket's policy: .*OnlyBreakGlassDeletes.*: missing$/),
    ],
    [
      'an allowance by what it is not',
      '"Action":"s3:GetObject"',
      '"NotAction":"s3:GetObject"',
      'NotAction allows what is not named',
    ],
    ['a misspelt operator', '"ArnNotLike":', '"ArnUnlike":', 'operator ArnUnlike: unknown'],
    ['a misspelt condition key', '"s3:if-none-match"', '"s3:IfNoneMatch"', 'condition key s3:IfNoneMatch: unknown'],
    [
      'a lifecycle rule that is off',
      '"Status":"Enabled"},{"ExpirationInDays"',
      '"Status":"Disabled"},{"ExpirationInDays"',
      'lifecycle rule AbortIncompleteUploads is not enabled',
    ],
    [
      'a lifecycle rule that does nothing',
      '"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7},',
      '',
      'lifecycle rule AbortIncompleteUploads does nothing',
    ],
    [
      'uploads that nobody ends',
      '"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7},',
      '',
      'no lifecycle rule aborts uploads',
    ],
    [
      'releases that expire',
      ',"Prefix":"uploads/"',
      '',
      'lifecycle rule ExpireUploadState expires what is neither the state of an upload, nor derived, nor retired',
    ],
    [
      'releases that expire though they are not retired',
      '"TagFilters":[{"Key":"kind","Value":"retired"}]',
      '"TagFilters":[{"Key":"kind","Value":"release"}]',
      'lifecycle rule DeleteRetiredReleases expires what is neither the state of an upload, nor derived, nor retired',
    ],
    [
      'retired releases whose versions stay',
      '"NoncurrentVersionExpiration":{"NoncurrentDays":1},"Status":"Enabled","TagFilters"',
      '"Status":"Enabled","TagFilters"',
      'no lifecycle rule deletes what is retired, with its versions',
    ],
    [
      'delete markers that stay',
      '"ExpiredObjectDeleteMarker":true',
      '"ExpiredObjectDeleteMarker":false',
      'no lifecycle rule removes delete markers',
    ],
    [
      'a tag that everybody may set by which releases are deleted',
      /"aws:PrincipalArn":\{"Fn::GetAtt":\["PublishRole\w+","Arn"\]\}/,
      '"aws:PrincipalArn":"*"',
      expect.stringMatching(/^the bucket's policy: .*OnlyTheScheduleRetires.*: missing$/),
    ],
    [
      'a tag by which everything but retired releases is safe from deletion',
      '"s3:RequestObjectTag/kind":"retired"',
      '"s3:RequestObjectTag/kind":"release"',
      expect.stringMatching(/^the bucket's policy: .*OnlyTheScheduleRetires.*: missing$/),
    ],
    [
      'old versions of releases that expire',
      ',"Prefix":"facts/"',
      '',
      'lifecycle rule ExpireOldFacts expires what is neither the state of an upload, nor derived, nor retired',
    ],
    [
      'records that move',
      ',"TagFilters":[{"Key":"kind","Value":"release"}]',
      '',
      'lifecycle rule MoveReleases moves what is not a release',
    ],
    [
      'releases that answer 403',
      '"StorageClass":"STANDARD_IA"',
      '"StorageClass":"DEEP_ARCHIVE"',
      'lifecycle rule MoveReleases moves releases where they are not read at once',
    ],
  ])('finds %s', (_, from, to, finding) => {
    expect(checkTemplate(mutated(from, to))).toContainEqual(finding);
  });
});
