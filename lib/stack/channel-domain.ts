import {
  ApiMapping,
  type CfnDomainName,
  DomainName,
  type HttpApi,
  type HttpStage,
  IpAddressType,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { Certificate, CertificateValidation, type CfnCertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { AaaaRecord, ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayv2DomainProperties } from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';

export interface ChannelDomainProps {
  readonly api: HttpApi;
  readonly stage: HttpStage;
  readonly domainName: string;
  /** Undefined: whoever deploys keeps the DNS, and gives the certificate. */
  readonly zone: { readonly id: string; readonly name: string } | undefined;
  readonly certificateArn: string | undefined;
}

/** The API under a domain of one's own. Its generated one stays on as well: locks from before name it. */
export class ChannelDomain extends Construct {
  /** What an alias or CNAME record has to lead to. */
  readonly target: { readonly domainName: string; readonly hostedZoneId: string };

  constructor(scope: Construct, id: string, props: ChannelDomainProps) {
    super(scope, id);
    const { api, stage, domainName } = props;
    // By its attributes: a look-up would need the account while synthesizing.
    const zone =
      props.zone &&
      HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: props.zone.id, zoneName: props.zone.name });
    const domain = new DomainName(this, 'Name', {
      domainName,
      securityPolicy: SecurityPolicy.TLS_1_2,
      // Without it the AAAA record leads nowhere.
      ipAddressType: IpAddressType.DUAL_STACK,
      certificate:
        props.certificateArn === undefined
          ? this.#certificate(domainName, CertificateValidation.fromDns(zone))
          : Certificate.fromCertificateArn(this, 'Certificate', props.certificateArn),
    });
    (domain.node.defaultChild as CfnDomainName).overrideLogicalId('ChannelDomain');
    new ApiMapping(this, 'Mapping', { api, stage, domainName: domain });
    const { regionalDomainName, regionalHostedZoneId } = domain;
    this.target = { domainName: regionalDomainName, hostedZoneId: regionalHostedZoneId };
    if (zone === undefined) return;
    const target = RecordTarget.fromAlias(new ApiGatewayv2DomainProperties(regionalDomainName, regionalHostedZoneId));
    new ARecord(this, 'A', { zone, recordName: `${domainName}.`, target });
    new AaaaRecord(this, 'Aaaa', { zone, recordName: `${domainName}.`, target });
  }

  #certificate(domainName: string, validation: CertificateValidation): Certificate {
    const certificate = new Certificate(this, 'Certificate', { domainName, validation });
    (certificate.node.defaultChild as CfnCertificate).overrideLogicalId('ChannelCertificate');
    return certificate;
  }
}
