import type { ChannelDirectory } from '../../lib/store/read/channel-directory.ts';
import type { Access } from '../auth/access.ts';
import { type Finding, type FoundChannel, findByFile, findChannel } from './find-channel.ts';
import type { ReadRequest, Target } from './read-request.ts';
import { givenBy, openTo, type Readership } from './readership.ts';

export interface ResolveOptions {
  readonly directory: Pick<ChannelDirectory, 'catalog' | 'record'>;
  readonly access: Access | undefined;
}

type ChannelTarget = Exclude<Target, { kind: 'permanent' }>;

function foundIn(finding: Finding): FoundChannel {
  if ('problem' in finding) throw finding.problem();
  return finding.found;
}

/**
 * The channel that is asked for, as far as this reader may read it. What is public is looked for first: netrc sends a token
 * to everything, and a bad one must not close a public channel, or hide that it was removed. A public channel's page gives way
 * to a channel with its extension, as it does where everything is open, to those who may read that one.
 */
export async function resolveChannel(
  target: ChannelTarget,
  { authorization }: Pick<ReadRequest, 'authorization'>,
  { directory, access }: ResolveOptions,
): Promise<FoundChannel> {
  const find = (readership: Readership): Promise<Finding> =>
    target.kind === 'legacy'
      ? findChannel(directory, target.channel, readership)
      : findByFile(directory, target.file, readership);
  if (access === undefined) return foundIn(await find('everything'));
  const catalog = await directory.catalog();
  const open = await find(openTo(catalog));
  if ('found' in open ? !open.found.page : open.of === 'file') return foundIn(open);
  const caller = await access.authenticate(authorization);
  if ('scope' in caller) return foundIn(await find(givenBy(caller.scope, catalog)));
  if ('found' in open || open.of === 'page') return foundIn(open);
  throw caller.refusal;
}
