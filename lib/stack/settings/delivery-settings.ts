import * as z from 'zod';
import { arn, jsonOrText, matching, oneOf } from '../../../lambda/http/setting-kinds.ts';
import { dnsName } from './deployment-settings.ts';

/** Public keys of a key group (CloudFront developer guide, "Quotas on key groups"). */
const maxKeys = 5;

const keyName = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?$/);

/** In ids of resources and in names that do not distinguish upper and lower case. */
const areDistinct = (names: readonly string[]): boolean =>
  new Set(names.map((name) => name.toLowerCase().replaceAll('-', ''))).size === names.length;

const keyNames = z.array(keyName).min(1).max(maxKeys).refine(areDistinct);

const deliveryKeys = z
  .union([
    z
      .string()
      .regex(/^[^[]/)
      .transform((text) => text.split(',').map((name) => name.trim()))
      .pipe(keyNames),
    jsonOrText(keyNames),
  ])
  .meta({
    accepted: `1 to ${maxKeys} names as a list or with commas between them, such as 2026-11; each has 1–40 letters, digits and hyphens, and no two differ only in case or hyphens`,
  });

/** CloudFront takes certificates and web ACLs of this region alone. */
const global = 'us-east-1';

export const deliverySettings = {
  delivery: oneOf(['bucket', 'cloudfront']).default('bucket').meta({
    description: '`cloudfront`: readers download releases from a CloudFront distribution: [delivery.md](delivery.md)',
  }),
  deliveryKeys: deliveryKeys.default(['first']).meta({
    description:
      'names of the key pairs whose URLs CloudFront accepts; the first one signs: [how to rotate](delivery.md#rotate-the-key)',
    shownDefault: '`first`',
  }),
  deliveryDomainName: matching(dnsName, 'a domain name in lower case without a final dot, such as dl.example.org')
    .optional()
    .meta({
      description: 'the domain of the distribution; needs the hosted zone or `deliveryCertificateArn`',
      shownDefault: "the distribution's own, `….cloudfront.net`",
    }),
  deliveryCertificateArn: arn(
    'acm',
    String.raw`${global}:\d{12}:certificate/[A-Za-z0-9-]+`,
    `the ARN of a certificate in ACM in ${global}, whichever region the stack is in: arn:aws:acm:${global}:ACCOUNT:certificate/ID`,
  )
    .optional()
    .meta({
      description: `an ACM certificate in ${global} for that domain; required without a zone`,
      shownDefault: 'created with the zone, by a second stack',
    }),
  deliveryPriceClass: oneOf(['PriceClass_All', 'PriceClass_200', 'PriceClass_100']).default('PriceClass_All').meta({
    description: "which of CloudFront's locations deliver; the fewer, the lower the price of a GB",
  }),
  deliveryWebAclArn: arn(
    'wafv2',
    String.raw`${global}:\d{12}:global/webacl/[\w-]{1,128}/[0-9a-f-]{36}`,
    `the ARN of a web ACL of AWS WAF for CloudFront: arn:aws:wafv2:${global}:ACCOUNT:global/webacl/NAME/ID`,
  )
    .optional()
    .meta({ description: 'a web ACL for the distribution; [a flat-rate plan](delivery.md#plans) needs one' }),
};
