import type { Resource, StackTemplate } from './synth-stack.ts';

type Json = Readonly<Record<string, unknown>>;

/** CloudFront developer guide, "CloudFront flat-rate pricing plans", unsupported features: resource types. */
const excludedTypes: Readonly<Record<string, string>> = {
  'AWS::CloudFront::CloudFrontOriginAccessIdentity': 'an origin access identity',
  'AWS::CloudFront::ContinuousDeploymentPolicy': 'continuous deployment',
  'AWS::CloudFront::DistributionTenant': 'a distribution with tenants',
  'AWS::CloudFront::RealtimeLogConfig': 'real-time logs',
};

/** The same: keys of a distribution or of one of its behaviours. Functions and rules of AWS WAF may not be shared. */
const excludedKeys: Readonly<Record<string, string>> = {
  ConnectionMode: 'a distribution with tenants',
  ContinuousDeploymentPolicyId: 'continuous deployment',
  FieldLevelEncryptionId: 'field-level encryption',
  ForwardedValues: 'forwarded values',
  FunctionAssociations: 'a function, which could be shared',
  IamCertificateId: 'a certificate of IAM',
  LambdaFunctionAssociations: 'Lambda@Edge',
  RealtimeLogConfigArn: 'real-time logs',
  Staging: 'continuous deployment',
  TenantConfig: 'a distribution with tenants',
};

/** What would keep the distribution out of a flat-rate plan. */
function planFindings(stack: StackTemplate, config: Json): string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, entry] of Object.entries(value)) {
      if (key in excludedKeys && entry !== undefined) found.add(excludedKeys[key] as string);
      if (key === 'OriginAccessIdentity' && entry !== '') found.add('an origin access identity');
      if (key === 'SslSupportMethod' && entry !== 'sni-only') found.add('a dedicated address');
      visit(entry);
    }
  };
  visit(config);
  for (const { Type } of stack.allResources) if (Type in excludedTypes) found.add(excludedTypes[Type] as string);
  return [...found].map((what) => `a flat-rate plan excludes ${what}`);
}

const wantedBehavior = {
  AllowedMethods: ['GET', 'HEAD'],
  CachedMethods: ['GET', 'HEAD'],
  Compress: false,
  ViewerProtocolPolicy: 'https-only',
} as const;

/** Each behaviour wants a signature and passes on nothing of a request but its path. */
function behaviorFindings(stack: StackTemplate, behavior: Json): string[] {
  const groups = stack.resources('AWS::CloudFront::KeyGroup').map(({ id }) => `<${id}>`);
  const policies = stack.resources('AWS::CloudFront::CachePolicy').map(({ id }) => `<${id}>`);
  const isSigned = JSON.stringify(behavior.TrustedKeyGroups) === JSON.stringify(groups) && groups.length === 1;
  return [
    ...(isSigned ? [] : ['a behaviour wants no signature of the key group']),
    ...(behavior.TrustedSigners === undefined ? [] : ['a behaviour trusts the keys of an account']),
    ...(policies.includes(String(behavior.CachePolicyId)) ? [] : ['a behaviour has a cache policy of somebody else']),
    ...['OriginRequestPolicyId', 'ResponseHeadersPolicyId']
      .filter((key) => behavior[key] !== undefined)
      .map((key) => `a behaviour has ${key}`),
    ...Object.entries(wantedBehavior)
      .filter(([key, wanted]) => JSON.stringify(behavior[key]) !== JSON.stringify(wanted))
      .map(([key]) => `a behaviour has ${key} ${JSON.stringify(behavior[key])}`),
  ];
}

/** As serve has it: the resource, or the name of a bucket that the stack did not create. */
function bucketOf(stack: StackTemplate): string {
  const { Environment } = stack.resource('AWS::Lambda::Function', 'ServeFunction').Properties;
  return String((Environment as { readonly Variables: Json }).Variables.BUCKET);
}

function originFindings(stack: StackTemplate, origins: readonly Json[]): string[] {
  const bucket = bucketOf(stack);
  const controls = stack.resources('AWS::CloudFront::OriginAccessControl');
  const wanted = { OriginAccessControlOriginType: 's3', SigningBehavior: 'always', SigningProtocol: 'sigv4' };
  return [
    ...(origins.length === 1 ? [] : [`${origins.length} origins`]),
    ...origins
      .filter(({ DomainName }) => !isDomainOf(bucket, String(DomainName)))
      .map(({ DomainName }) => `the origin ${DomainName} is not the bucket`),
    ...origins
      .filter(({ OriginAccessControlId: id }) => !controls.some((control) => id === `<${control.id}.Id>`))
      .map(() => 'an origin is asked without origin access control'),
    ...controls.flatMap(({ Properties }) =>
      Object.entries(wanted)
        .filter(([key, value]) => (Properties.OriginAccessControlConfig as Json)[key] !== value)
        .map(([key]) => `origin access control: ${key} is ${(Properties.OriginAccessControlConfig as Json)[key]}`),
    ),
  ];
}

const isDomainOf = (bucket: string, domain: string): boolean =>
  domain === `${bucket.slice(0, -1)}.RegionalDomainName>` || domain === `${bucket}.s3.<AWS::Region>.<AWS::URLSuffix>`;

const year = 31_536_000;

function cacheFindings({ Properties }: Resource): string[] {
  const { CookiesConfig, HeadersConfig, QueryStringsConfig, ...encodings } = (Properties.CachePolicyConfig as Json)
    .ParametersInCacheKeyAndForwardedToOrigin as Readonly<Record<string, Json | boolean>>;
  const { MinTTL, DefaultTTL, MaxTTL } = Properties.CachePolicyConfig as Json;
  const keys = [CookiesConfig, HeadersConfig, QueryStringsConfig].flatMap((config) => Object.values(config as Json));
  return [
    ...(keys.every((key) => key === 'none') ? [] : ['the cache has more in its key than the path']),
    ...(Object.values(encodings).every((isOn) => isOn === false) ? [] : ['the cache asks for another encoding']),
    ...([MinTTL, DefaultTTL, MaxTTL].every((ttl) => ttl === year) ? [] : ['a release is not kept for a year']),
  ];
}

/** CloudFront developer guide, "HTTP 4xx and 5xx status codes that CloudFront caches", those that can have a time. */
const cachedErrors = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];
const maxErrorSeconds = 5;

function errorFindings(responses: readonly { readonly ErrorCode: number; readonly ErrorCachingMinTTL: number }[]) {
  const short = responses.filter(({ ErrorCachingMinTTL: seconds }) => seconds <= maxErrorSeconds);
  return cachedErrors
    .filter((code) => !short.some(({ ErrorCode }) => ErrorCode === code))
    .map((code) => `an answer ${code} is kept for long`);
}

function distributionFindings(stack: StackTemplate, { Properties }: Resource): string[] {
  const config = Properties.DistributionConfig as Json;
  const behaviors = [config.DefaultCacheBehavior, ...((config.CacheBehaviors as Json[] | undefined) ?? [])] as Json[];
  return [
    ...planFindings(stack, config),
    ...behaviors.flatMap((behavior) => behaviorFindings(stack, behavior)),
    ...originFindings(stack, config.Origins as Json[]),
    ...errorFindings((config.CustomErrorResponses as Parameters<typeof errorFindings>[0] | undefined) ?? []),
    ...(config.Logging === undefined ? [] : ['its standard log has signatures']),
  ];
}

/** No key may be in the template, and CloudFormation must not make one that its events show. */
function keyFindings(stack: StackTemplate): string[] {
  const made = stack.resources('Custom::DeliveryKey').map(({ id }) => `<${id}.PublicKey>`);
  const keys = stack
    .resources('AWS::CloudFront::PublicKey')
    .map(({ Properties }) => Properties.PublicKeyConfig as Json);
  const references = new Set(keys.map(({ CallerReference }) => JSON.stringify(CallerReference)));
  return [
    ...stack
      .resources('AWS::SecretsManager::Secret')
      .filter(({ Properties }) => 'SecretString' in Properties || 'GenerateSecretString' in Properties)
      .map(({ id }) => `the template gives ${id} a value`),
    ...keys
      .filter(({ EncodedKey }) => !made.includes(String(EncodedKey)))
      .map(() => 'a public key is not one that the deployment made'),
    ...(references.size === keys.length ? [] : ['two public keys have one reference']),
    ...keys
      .filter(({ CallerReference }) => !JSON.stringify(CallerReference).includes('AWS::StackId'))
      .map(() => 'a public key has the reference of one of another stack'),
  ];
}

/** What a distribution must not be: open, or something that a flat-rate plan excludes. */
export const checkDelivery = (stack: StackTemplate): readonly string[] => [
  ...stack.resources('AWS::CloudFront::Distribution').flatMap((one) => distributionFindings(stack, one)),
  ...stack.resources('AWS::CloudFront::CachePolicy').flatMap(cacheFindings),
  ...keyFindings(stack),
];
