import { Aws, CfnOutput, Duration, Fn, Stack } from 'aws-cdk-lib';
import { Certificate, CertificateValidation, type ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  CacheCookieBehavior,
  CachedMethods,
  CacheHeaderBehavior,
  CachePolicy,
  CacheQueryStringBehavior,
  Distribution,
  HttpVersion,
  PriceClass,
  S3OriginAccessControl,
  SecurityPolicyProtocol,
  Signing,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { AaaaRecord, ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { CloudFrontTarget } from 'aws-cdk-lib/aws-route53-targets';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { DeliveryKeys } from './delivery-keys.ts';
import { acknowledge } from './publishers.ts';
import { inZone } from './settings/deployment-settings.ts';
import type { StackSettings } from './settings/stack-settings.ts';

/** CloudFront takes certificates of this region alone. */
const certificateRegion = 'us-east-1';

const priceClasses: Readonly<Record<StackSettings['deliveryPriceClass'], PriceClass>> = {
  PriceClass_All: PriceClass.PRICE_CLASS_ALL,
  PriceClass_200: PriceClass.PRICE_CLASS_200,
  PriceClass_100: PriceClass.PRICE_CLASS_100,
};

/** Releases never change, whatever Cache-Control another tool gave them. */
const releaseTtl = Duration.days(365);

/**
 * Seconds. Of the errors that CloudFront can cache (developer guide, "HTTP 4xx and 5xx status codes that CloudFront caches"): a
 * release that was not there yet, or a policy that was not there yet.
 */
const errorTtl = Duration.seconds(1);
const cachedErrors = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

/** The zone in which the stack makes records for a domain; undefined: the operator keeps them. */
function zoneOf(domain: string | undefined, { hostedZoneId: id, hostedZoneName: name }: StackSettings) {
  const isOurs = domain !== undefined && id !== undefined && name !== undefined && inZone(domain, name);
  return isOurs ? { hostedZoneId: id, zoneName: name } : undefined;
}

type Zone = NonNullable<ReturnType<typeof zoneOf>>;

interface CertificateStackProps {
  readonly settings: StackSettings;
  readonly domainName: string;
  readonly zone: Zone;
}

/** A stack of its own, because the certificate has to be in another region than the rest. */
class DeliveryCertificateStack extends Stack {
  /** The certificate's ARN, for a stack of any region. */
  readonly certificateArn: string;

  constructor(scope: Construct, id: string, { settings, domainName, zone }: CertificateStackProps) {
    const stackName = `${settings.stackName}-DeliveryCertificate`;
    super(scope, id, {
      stackName,
      description: 'The certificate of the distribution that delivers Nix channels',
      env: { region: certificateRegion },
      terminationProtection: settings.removalPolicy === 'retain',
      tags: { ...settings.tags },
    });
    const { certificateArn } = new Certificate(this, 'Certificate', {
      domainName,
      validation: CertificateValidation.fromDns(HostedZone.fromHostedZoneAttributes(this, 'Zone', zone)),
    });
    const name = 'CertificateArn';
    new CfnOutput(this, name, { value: certificateArn, description: 'For the distribution' });
    this.certificateArn = Fn.getStackOutput(stackName, name, certificateRegion);
  }
}

interface ChannelDeliveryProps {
  readonly settings: StackSettings;
  readonly bucket: Bucket | IBucket;
  readonly logGroup: LogGroup;
}

/**
 * A CloudFront distribution in front of the releases: whoever has a URL that serve signed gets the object, and nobody else
 * gets anything. It uses nothing that CloudFront's flat-rate plans exclude.
 */
export class ChannelDelivery extends Construct {
  readonly distribution: Distribution;
  /** Where readers are sent. */
  readonly url: string;
  /** The target of a record that the operator makes; undefined if there is none to make. */
  readonly domainTarget: string | undefined;
  readonly keys: DeliveryKeys;

  constructor(scope: Construct, id: string, { settings, bucket, logGroup }: ChannelDeliveryProps) {
    super(scope, id);
    const { stackName, deliveryDomainName: domainName, deliveryKeys: names } = settings;
    // Names at CloudFront are those of the account, in all regions, and have at most 64 characters.
    const prefix = `nix-channels-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}`;
    this.keys = new DeliveryKeys(this, 'Keys', { names, prefix, logGroup });
    const zone = zoneOf(domainName, settings);
    const certificate = domainName === undefined ? undefined : this.#certificate(domainName, zone, settings);
    this.distribution = new Distribution(this, 'Distribution', {
      comment: `Releases of ${stackName}`.slice(0, 128),
      httpVersion: HttpVersion.HTTP2_AND_3,
      priceClass: priceClasses[settings.deliveryPriceClass],
      ...(settings.deliveryWebAclArn === undefined ? {} : { webAclId: settings.deliveryWebAclArn }),
      ...(certificate === undefined || domainName === undefined
        ? {}
        : {
            certificate,
            domainNames: [domainName],
            minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
          }),
      // The rate of hits is among these.
      publishAdditionalMetrics: true,
      errorResponses: cachedErrors.map((httpStatus) => ({ httpStatus, ttl: errorTtl })),
      defaultBehavior: {
        origin: S3BucketOrigin.withBucketDefaults(bucket as IBucket, {
          originAccessControlId: this.#originAccess(prefix),
        }),
        trustedKeyGroups: [this.keys.keyGroup],
        viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
        allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
        cachedMethods: CachedMethods.CACHE_GET_HEAD,
        cachePolicy: this.#cachePolicy(prefix),
        // Nix cannot read a tarball with a Content-Encoding.
        compress: false,
      },
    });
    this.url = `https://${domainName ?? this.distribution.distributionDomainName}`;
    this.domainTarget =
      domainName !== undefined && zone === undefined ? this.distribution.distributionDomainName : undefined;
    if (zone !== undefined && domainName !== undefined) this.#records(zone, domainName);
    this.#acknowledge(certificate !== undefined, settings.deliveryWebAclArn !== undefined);
  }

  /** It always signs, and so overwrites what a reader's netrc sends as Authorization. */
  #originAccess(prefix: string): string {
    return new S3OriginAccessControl(this, 'OriginAccess', {
      originAccessControlName: prefix,
      signing: Signing.SIGV4_ALWAYS,
    }).originAccessControlId;
  }

  /** By path alone. CloudFront removes the parameters of a signature before it looks into the cache. */
  #cachePolicy(prefix: string): CachePolicy {
    return new CachePolicy(this, 'CachePolicy', {
      cachePolicyName: prefix,
      minTtl: releaseTtl,
      defaultTtl: releaseTtl,
      maxTtl: releaseTtl,
      queryStringBehavior: CacheQueryStringBehavior.none(),
      headerBehavior: CacheHeaderBehavior.none(),
      cookieBehavior: CacheCookieBehavior.none(),
      enableAcceptEncodingGzip: false,
      enableAcceptEncodingBrotli: false,
    });
  }

  #certificate(domainName: string, zone: Zone | undefined, settings: StackSettings): ICertificate {
    const { deliveryCertificateArn: given } = settings;
    if (given !== undefined) return Certificate.fromCertificateArn(this, 'Certificate', given);
    if (zone === undefined) throw new Error('A delivery domain needs a zone or a certificate.');
    const stack = Stack.of(this);
    const other = new DeliveryCertificateStack(stack.node.root as Construct, `${stack.node.id}-DeliveryCertificate`, {
      settings,
      domainName,
      zone,
    });
    stack.addStackDependency(other);
    return Certificate.fromCertificateArn(this, 'Certificate', other.certificateArn);
  }

  #records(attributes: Zone, domainName: string): void {
    const zone = HostedZone.fromHostedZoneAttributes(this, 'Zone', attributes);
    const target = RecordTarget.fromAlias(new CloudFrontTarget(this.distribution));
    new ARecord(this, 'A', { zone, recordName: `${domainName}.`, target });
    new AaaaRecord(this, 'Aaaa', { zone, recordName: `${domainName}.`, target });
  }

  #acknowledge(hasDomain: boolean, hasWebAcl: boolean): void {
    const reasons: readonly (readonly [string, string])[] = [
      ['CFR1', 'Readers are where the operator has machines; each URL is signed for one release and for minutes.'],
      [
        'CFR3',
        'Each download begins with a redirect, which the access log of the API and the log of serve have. Standard logs of ' +
          'CloudFront would hold signatures; docs/delivery.md shows logs without them.',
      ],
      ...(hasWebAcl
        ? []
        : [['CFR2', 'Without a signature CloudFront answers 403 itself; deliveryWebAclArn adds one.'] as const]),
      ...(hasDomain
        ? []
        : [
            [
              'CFR4',
              "The domain is CloudFront's own, whose TLS versions cannot be chosen; deliveryDomainName changes that.",
            ] as const,
          ]),
    ];
    for (const [rule, reason] of reasons) acknowledge(this.distribution, rule, reason);
  }
}
