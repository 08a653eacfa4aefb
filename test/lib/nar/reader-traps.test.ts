import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { programs } from '../../support/nar/decoders.ts';
import { acceptedTraps, readerTraps, readerTrapsFolder, refusedTraps } from '../../support/nar/reader-traps.ts';
import { Temporary } from '../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

const look = (name: string) => temporary.inspectFile(readerTrapsFolder + name, { programs });

describe('archives that cause trouble for readers', () => {
  it('are all in the list', () => {
    expect(readdirSync(readerTrapsFolder).sort()).toEqual([...readerTraps.map(([name]) => name), 'traps.json'].sort());
  });

  it.each(refusedTraps)('refuses the archive %s', async (name, { refused }) => {
    await expect(look(name)).rejects.toMatchObject({
      name: 'ArchiveRefused',
      message: expect.stringContaining(refused as string),
    });
  });

  it.each(acceptedTraps)('warns of the archive %s', async (name, { warnings }) => {
    expect((await look(name)).warnings?.map(({ code }) => code)).toEqual(warnings);
  });

  it.each(acceptedTraps.filter(([name]) => !name.endsWith('.zip')))(
    'finds the same hash and time as Nix for %s',
    async (name, { narHash, lastModified }) => {
      expect(await look(name)).toMatchObject({ narHash, lastModified });
    },
  );
});
