import * as dns from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Problem } from '../../domain/problem.ts';
import { netrcHost } from '../netrc/find.ts';

/** The IPv4 networks that are not globally reachable, with multicast (IANA, "IPv4 Special-Purpose Address Registry"). */
const special4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Where the last 32 bits are an IPv4 address: mapped (RFC 4291), and NAT64 (RFC 6052). */
const holds4 = ['::ffff:', '64:ff9b::'];

const special = new BlockList();
const global6 = new BlockList();
for (const [network, prefix] of special4) {
  special.addSubnet(network, prefix, 'ipv4');
  for (const begin of holds4) special.addSubnet(`${begin}${network}`, 96 + prefix, 'ipv6');
}
for (const begin of holds4) global6.addSubnet(`${begin}0.0.0.0`, 96, 'ipv6');
// Everything that is assigned for global use, without protocol assignments, documentation and 6to4, which also holds IPv4 addresses.
global6.addSubnet('2000::', 3, 'ipv6');
special.addSubnet('2001::', 23, 'ipv6');
special.addSubnet('2001:db8::', 32, 'ipv6');
special.addSubnet('2002::', 16, 'ipv6');
special.addSubnet('3fff::', 20, 'ipv6');

/** Whether anybody could reach an IP address over the internet. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !special.check(address, 'ipv4');
  return version === 6 && global6.check(address, 'ipv6') && !special.check(address, 'ipv6');
}

const refusal = (host: string, address: string): Problem =>
  new Problem(
    400,
    'private-address',
    `${host} ${host === address ? 'is' : `has the address ${address}, which is`} not public: pass --allow-private if the file is meant to come from there.`,
    { field: 'url' },
  );

/** Refuses a URL whose host is an address that is not public. A name is checked by `publicLookup` when it is resolved. */
export function assertPublicHost(url: URL): void {
  const host = netrcHost(url);
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw refusal(host, host);
}

/**
 * Resolves a name for a connection, to its public addresses. What is checked is what is connected to, so that a name that
 * resolves to something else each time (DNS rebinding) gets nowhere.
 */
export const publicLookup =
  (resolve: typeof dns.lookup = dns.lookup): LookupFunction =>
  (hostname, options, callback) =>
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const found = addresses.filter(({ address }) => isPublicAddress(address));
      const [first] = found;
      if (first === undefined) return callback(refusal(hostname, addresses[0]?.address ?? 'none'), '', 0);
      return options.all === true ? callback(null, found) : callback(null, first.address, first.family);
    });
