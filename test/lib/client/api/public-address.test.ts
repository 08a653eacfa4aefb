import * as http from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { send } from '../../../../lib/client/api/http.ts';
import { assertPublicHost, isPublicAddress, publicLookup } from '../../../../lib/client/api/public-address.ts';

describe('an address', () => {
  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450::1',
    '::ffff:1.1.1.1',
    '64:ff9b::101:101',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '',
    'localhost',
    '1.2.3',
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it('is as public within IPv6 as it is by itself', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(`::ffff:${address}`)).toBe(isPublicAddress(address));
        expect(isPublicAddress(`64:ff9b::${address}`)).toBe(isPublicAddress(address));
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it.each(['http://2130706433/', 'http://0x7f.1/', 'http://[::ffff:7f00:1]/', 'https://169.254.169.254/latest'])(
    'is refused however the URL spells it: %s',
    (url) => {
      expect(() => assertPublicHost(new URL(url))).toThrow(/is not public: pass --allow-private/);
    },
  );
});

describe('a name', () => {
  type Resolved = readonly { readonly address: string; readonly family: number }[];
  const resolve = (addresses: Resolved, error: Error | null = null): LookupFunction =>
    publicLookup(((_name: string, _options: object, done: (error: Error | null, found: Resolved) => void) =>
      done(error, addresses)) as never);
  const look = (lookup: LookupFunction, all: boolean) =>
    new Promise((done) => lookup('a.test', { all }, (error, ...found) => done(error ?? found)));

  const own = { address: '10.0.0.1', family: 4 };
  const world = { address: '1.1.1.1', family: 4 };

  it('leads to its public addresses alone', async () => {
    expect(await look(resolve([own, world]), true)).toEqual([[world]]);
    expect(await look(resolve([own, world]), false)).toEqual(['1.1.1.1', 4]);
  });

  it.each([true, false])('is refused where it has none', async (all) => {
    const refused = { code: 'private-address', message: expect.stringContaining('a.test has the address 10.0.0.1') };
    expect(await look(resolve([own]), all)).toMatchObject(refused);
  });

  it('fails as its resolver fails', async () => {
    const error = new Error('ENOTFOUND');
    expect(await look(resolve([], error), true)).toBe(error);
  });

  it('of this machine gets no request, even where a connection to it is open', async () => {
    let requests = 0;
    const server = http.createServer((_, response) => {
      requests += 1;
      response.end('body');
    });
    await new Promise<void>((listening) => server.listen(0, 'localhost', listening));
    try {
      const url = new URL(`http://localhost:${(server.address() as AddressInfo).port}/`);
      const exchange = { method: 'GET', url, headers: {}, idleTimeoutMs: 5_000 };
      expect(await send(exchange)).toMatchObject({ status: 200 });
      await expect(send({ ...exchange, lookup: publicLookup() })).rejects.toMatchObject({ code: 'private-address' });
      expect(requests).toBe(1);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
