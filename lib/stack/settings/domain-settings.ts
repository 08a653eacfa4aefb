import { partitionIds } from '../../domain/aws.ts';
import { accept } from './accept.ts';
import type { Setting } from './setting.ts';

const labels = String.raw`(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?`;
const dnsName = new RegExp(`^(?=.{1,253}$)${labels}$`);

const domainName: Setting<string | undefined> = {
  ...accept.matching(dnsName, 'a domain name in lower case without a dot at its end, such as nix.example.org'),
  fallback: undefined,
  about: 'the domain of the API, such as `nix.example.org`, with a hosted zone or a certificate',
};

const hostedZoneId: Setting<string | undefined> = {
  ...accept.matching(/^Z[A-Z0-9]{1,31}$/, 'the id of a public hosted zone in Route 53, such as Z0123456789ABCDEFGHIJ'),
  fallback: undefined,
  about: 'the zone in Route 53 for its A and AAAA records and the proof of its certificate',
};

const hostedZoneName: Setting<string | undefined> = {
  ...accept.matching(dnsName, "that zone's domain name in lower case, such as example.org"),
  fallback: undefined,
  about: "that zone's name, such as `example.org`; nothing is looked up while synthesizing",
};

const certificateArn: Setting<string | undefined> = {
  ...accept.matching(
    new RegExp(String.raw`^arn:${partitionIds}:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+$`),
    "the ARN of a certificate in ACM, in the API's own region: arn:aws:acm:REGION:ACCOUNT:certificate/ID",
  ),
  fallback: undefined,
  standard: 'one is made, by the zone',
  about: "a certificate of ACM in the API's region; without a zone it is needed, and DNS is yours",
};

export const domainSettings = { domainName, hostedZoneId, hostedZoneName, certificateArn };
