import { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config';
import { InvalidInput } from '../domain/problem.ts';

/** `https://{api}.execute-api.{region}.amazonaws.com` names its region. */
const regionOfHost = (url: string): string | undefined =>
  /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(new URL(url).hostname)?.[1];

/** The option, AWS_REGION, the profile's region, or else the one in the API's own host name. */
export async function findRegion(
  url: string,
  option: string | undefined,
  profile: string | undefined,
): Promise<string> {
  if (option !== undefined) return option;
  const files = { ...NODE_REGION_CONFIG_FILE_OPTIONS, ...(profile === undefined ? {} : { profile }) };
  const configured = await loadConfig<string>({ ...NODE_REGION_CONFIG_OPTIONS, default: () => '' }, files)();
  const region = configured || regionOfHost(url);
  if (region !== undefined) return region;
  throw new InvalidInput('region', `No AWS region is known for ${url}: give --region, or set AWS_REGION.`);
}
