import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { stackConfigurations } from '../../support/stack-configurations.ts';
import { SynthesizedStack } from '../../support/synth-stack.ts';

type Impact =
  | 'WILL_UPDATE'
  | 'WILL_CREATE'
  | 'WILL_REPLACE'
  | 'MAY_REPLACE'
  | 'WILL_DESTROY'
  | 'WILL_ORPHAN'
  | 'WILL_IMPORT';

interface DiffFormatter {
  readonly diffs: Readonly<Record<string, unknown>>;
  formatStackDiff(): unknown;
}

/** The internals of `cdk diff`. The package does not export them, so they are loaded by their path. */
const cdk = createRequire(import.meta.url)('../../../node_modules/aws-cdk/lib/index.js') as {
  readonly DiffFormatter: new (options: object) => DiffFormatter;
  readonly findDestructiveChanges: (
    diffs: unknown,
  ) => readonly { readonly logicalId: string; readonly resourceType: string; readonly impact: Impact }[];
};

/** Resources that hold data, or have an id in locks and configurations. */
const lasting = [
  'AWS::S3::Bucket',
  'AWS::S3::BucketPolicy',
  'AWS::ApiGatewayV2::Api',
  'AWS::ApiGatewayV2::DomainName',
  'AWS::ApiGatewayV2::ApiMapping',
];

type Template = SynthesizedStack['template'];

/** Lasting resources that are replaced or removed when a stack is updated from one template to another, according to `cdk diff`. */
function losses(before: Template, after: Template): readonly string[] {
  const newTemplate = { template: after, stackName: 'Stack', findMetadataByType: () => [], manifest: { metadata: {} } };
  const formatter = new cdk.DiffFormatter({ templateInfo: { oldTemplate: before, newTemplate } });
  formatter.formatStackDiff();
  return cdk
    .findDestructiveChanges(formatter.diffs)
    .filter(({ resourceType }) => lasting.includes(resourceType))
    .map(({ logicalId, impact }) => `${logicalId} ${impact}`)
    .sort();
}

const templates = Object.fromEntries(
  Object.entries(stackConfigurations).map(([name, context]) => [name, new SynthesizedStack(context).template]),
);
const templateOf = (name: string): Template => templates[name] as Template;

/** The replacements that a change of these settings asks for. Nothing else may be replaced. */
function asked(from: Readonly<Record<string, unknown>>, to: Readonly<Record<string, unknown>>): readonly string[] {
  const own = ({ existingBucketName, bucketName }: typeof from) =>
    existingBucketName === undefined && bucketName === undefined;
  const kept = from.removalPolicy === 'destroy' ? 'WILL_DESTROY' : 'WILL_ORPHAN';
  return [
    // S3 enables Object Lock at any time, CloudFormation only on a new bucket: the setting is for the first deployment.
    ...(own(from) && own(to) && from.bucketObjectLock !== to.bucketObjectLock
      ? ['ChannelBucket WILL_REPLACE', 'ChannelBucketPolicy WILL_REPLACE']
      : []),
    ...(own(from) && !own(to) ? [`ChannelBucket ${kept}`, 'ChannelBucketPolicy WILL_ORPHAN'] : []),
    ...(from.domainName !== undefined && to.domainName === undefined
      ? ['ChannelDomain WILL_DESTROY', 'DomainMappingFE1BA1E7 WILL_DESTROY']
      : []),
  ].sort();
}

const names = Object.keys(stackConfigurations);
const pairs = names.flatMap((from) => names.filter((to) => to !== from).map((to) => [from, to] as const));

describe('an update of the stack', () => {
  it.each(pairs)(
    'from %s to %s replaces nothing that holds data or is in a lock, unless the settings ask for it',
    (from, to) => {
      expect(losses(templateOf(from), templateOf(to))).toEqual(
        asked(stackConfigurations[from] ?? {}, stackConfigurations[to] ?? {}),
      );
    },
  );

  it.each([
    ['is added', undefined, { mode: 'governance', days: 30 }],
    ['changes', { mode: 'governance', days: 30 }, { mode: 'compliance', days: 60 }],
    ['is removed', { mode: 'governance', days: 30 }, undefined],
  ])('keeps the bucket when objectLock %s, if it was created with Object Lock', (_, before, after) => {
    const template = (objectLock: unknown) =>
      new SynthesizedStack({ bucketObjectLock: 'enabled', objectLock }).template;
    expect(template(before)).not.toEqual(template(after));
    expect(losses(template(before), template(after))).toEqual([]);
  });

  it('cannot add objectLock to a bucket without Object Lock, which CloudFormation would replace', () => {
    expect(() => new SynthesizedStack({ objectLock: { mode: 'governance', days: 30 } })).toThrow(
      /^The setting objectLock needs bucketObjectLock=enabled\. .* use aws s3api put-object-lock-configuration there/,
    );
  });

  it('to another domain removes the old one, which locks contain', () => {
    const { template } = new SynthesizedStack({
      ...stackConfigurations['domain-and-jwt'],
      domainName: 'new.example.org',
    });
    expect(losses(templateOf('domain-and-jwt'), template)).toEqual([
      'ChannelDomain WILL_REPLACE',
      'DomainMappingFE1BA1E7 WILL_REPLACE',
    ]);
  });

  it.each<[string, (text: string) => string, string]>([
    [
      'a bucket with another id',
      (text) => text.replaceAll('"ChannelBucket"', '"Renamed"'),
      'ChannelBucket WILL_ORPHAN',
    ],
    ['an API with another id', (text) => text.replaceAll('"ChannelApi"', '"Renamed"'), 'ChannelApi WILL_DESTROY'],
    [
      'a bucket with a name',
      (text) => text.replace('"VersioningConfiguration":', '"BucketName":"channels","VersioningConfiguration":'),
      'ChannelBucket WILL_REPLACE',
    ],
    [
      'an API of another protocol',
      (text) => text.replace('"ProtocolType":"HTTP"', '"ProtocolType":"WEBSOCKET"'),
      'ChannelApi WILL_REPLACE',
    ],
  ])('to a template with %s is reported as a loss', (_, change, loss) => {
    const text = JSON.stringify(templateOf('default'));
    const changed = change(text);
    expect(changed).not.toBe(text);
    expect(losses(templateOf('default'), JSON.parse(changed))).toContain(loss);
  });
});
