import { expect, it } from '@jest/globals';
import { regionOfGeneratedDomain } from '../../../lib/client/generated-domain.ts';

it.each([
  ['https://abc.execute-api.ap-south-1.amazonaws.com', 'ap-south-1'],
  ['https://abc.execute-api.cn-north-1.amazonaws.com.cn/stage', 'cn-north-1'],
  ['https://abc.execute-api.eu-west-1.amazonaws.com.evil.test', undefined],
  ['https://channels.test', undefined],
])('the region of %s is %s', (url, region) => {
  expect(regionOfGeneratedDomain(url)).toBe(region);
});
