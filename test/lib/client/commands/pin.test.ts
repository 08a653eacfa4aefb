import { describe, expect, it } from '@jest/globals';
import { exitCodes } from '../../../../lib/client/exit-codes.ts';
import { commandRig } from '../../../support/command-rig.ts';
import { newOperation } from '../../../support/publish-rig.ts';

async function rig() {
  const made = commandRig({ operation: newOperation });
  await made.rig.add('demo');
  await made.rig.publish({ release: 'demo-1' });
  const pinned = () => (made.rig.bucket.json('demo.json') as { pinned?: object }).pinned;
  return { ...made, pinned };
}

describe('channelctl pin', () => {
  it('pins a release, and says where it is pinned already', async () => {
    const { run, pinned } = await rig();
    const pin = ['pin', 'demo', 'demo-1', '--reason', 'ours'];
    expect((await run(...pin, '--dry-run')).out).toBe('dry run, nothing was changed: would pin demo-1 of demo\n');
    expect(pinned()).toBeUndefined();
    expect((await run(...pin)).out).toBe('pinned demo-1 of demo: it is never retired\n');
    expect((await run(...pin)).out).toBe('nothing changed: demo-1 of demo is already pinned\n');
    expect(pinned()).toMatchObject({ 'demo-1': { reason: 'ours' } });
  });

  it('refuses a name that is not one before anything is sent', async () => {
    const { run, requests } = await rig();
    expect(await run('pin', 'demo', '../x', '--reason', 'ours')).toMatchObject({ code: exitCodes.refused });
    expect(requests).toEqual([]);
  });
});

describe('channelctl unpin', () => {
  it('removes the pin, and says where there is none', async () => {
    const { run, pinned } = await rig();
    await run('pin', 'demo', 'demo-1', '--reason', 'ours');
    expect((await run('unpin', 'demo', 'demo-1')).out).toBe('unpinned demo-1 of demo\n');
    expect((await run('unpin', 'demo', 'demo-1')).out).toBe('nothing changed: demo-1 of demo is not pinned\n');
    expect(pinned()).toBeUndefined();
  });
});
