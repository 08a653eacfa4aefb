import type { ChannelDirectory } from '../../lib/store/read/channel-directory.ts';
import type { Access } from '../auth/access.ts';
import { describeError, type Log } from '../http/log.ts';

/** So many records, because a start is to cost the same whether there are twenty channels or twenty thousand. */
const mostWarmed = 40;
/** Milliseconds. Lambda gives a start ten seconds; a request should not wait for the slowest record. */
const patience = 1_500;

export async function warm(
  directory: Pick<ChannelDirectory, 'catalog' | 'record'>,
  access: Pick<Access, 'warm'> | undefined,
  log: Log,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const outOfPatience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patience);
  });
  const records = (async () => {
    const { channels } = await directory.catalog();
    await Promise.all([...channels].slice(0, mostWarmed).map((channel) => directory.record(channel)));
  })();
  const settled = [records, access?.warm()].map((loading) =>
    loading?.catch((error: unknown) => log('warn', 'not warmed', { error: describeError(error) })),
  );
  await Promise.race([Promise.all(settled), outOfPatience]);
  clearTimeout(timer);
}
