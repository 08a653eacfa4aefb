import { partitionIds } from '../../domain/aws.ts';
import { accept } from './accept.ts';
import type { Setting } from './setting.ts';

const alarmEmail: Setting<string | undefined> = {
  ...accept.matching(/^[^\s@,;<>()"]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}$/, 'one e-mail address'),
  fallback: undefined,
  about: 'gets the alarms, once it has confirmed the subscription that SNS sends it',
};

const alarmTopicArn: Setting<string | undefined> = {
  ...accept.matching(
    new RegExp(String.raw`^arn:${partitionIds}:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$`),
    "the ARN of a standard topic of SNS in the stack's region, arn:aws:sns:REGION:ACCOUNT:NAME",
  ),
  fallback: undefined,
  about: 'a topic of SNS that gets them instead',
};

export const alarmSettings = { alarmEmail, alarmTopicArn };
