import { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config';
import { InvalidInput } from '../domain/problem.ts';

/** The option, or else what `known` tells, or else AWS_REGION, or else the profile's region. */
export async function findRegion(
  subject: string,
  known: string | undefined,
  { region, profile }: { readonly region?: string; readonly profile?: string },
): Promise<string> {
  const told = region ?? known;
  if (told !== undefined) return told;
  const files = { ...NODE_REGION_CONFIG_FILE_OPTIONS, ...(profile === undefined ? {} : { profile }) };
  const configured = await loadConfig<string>({ ...NODE_REGION_CONFIG_OPTIONS, default: () => '' }, files)();
  if (configured !== '') return configured;
  throw new InvalidInput('region', `No AWS region is known for ${subject}: give --region, or set AWS_REGION.`);
}
