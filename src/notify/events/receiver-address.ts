import { lookup as dnsLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * Where events are never posted, whoever asks for it: a token's bearer chooses the address, and must not reach by
 * Pullcord what only Pullcord's machine is to reach. Private addresses are allowed, loopback too: in a home lab that is
 * where receivers are. Fails towards "not sent".
 */
const never = new BlockList();

const UNSPECIFIED = [
  ['0.0.0.0', 8, 'ipv4'],
  ['::', 128, 'ipv6'],
] as const;
/** RFC 3927 and RFC 4291, 2.5.6: no router passes them on. The metadata of most clouds is at 169.254.169.254. */
const LINK_LOCAL = [
  ['169.254.0.0', 16, 'ipv4'],
  ['fe80::', 10, 'ipv6'],
  // The same in IPv6's clothes: NAT64 (RFC 6052), 6to4 (RFC 3056), IPv4-compatible (RFC 4291, 2.5.5.1).
  ['64:ff9b::a9fe:0', 112, 'ipv6'],
  ['2002:a9fe::', 32, 'ipv6'],
  ['::a9fe:0', 112, 'ipv6'],
] as const;
/** Metadata and agents of clouds that stand elsewhere: AWS, Google, Oracle, Alibaba, Azure, Oracle Classic. */
const METADATA = [
  ['fd00:ec2::', 32, 'ipv6'],
  ['fd20:ce::254', 128, 'ipv6'],
  ['fd00:c1::a9fe:a9fe', 128, 'ipv6'],
  ['100.100.100.200', 32, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  ['192.0.0.192', 32, 'ipv4'],
] as const;
/** RFC 5771, RFC 1112 and RFC 4291, 2.7: many at once, and what is reserved. */
const MULTICAST = [
  ['224.0.0.0', 3, 'ipv4'],
  ['ff00::', 8, 'ipv6'],
] as const;
for (const [net, prefix, family] of [...UNSPECIFIED, ...LINK_LOCAL, ...METADATA, ...MULTICAST])
  never.addSubnet(net, prefix, family);

/** @param host of a URL, an IPv6 address in brackets or bare. A name is judged when it is looked up. */
export function isNoReceiver(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  return family !== 0 && never.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** What stands in the log when an address was refused. */
export const REFUSED_ADDRESS = 'ERR_ADDRESS_REFUSED';

/**
 * Looks a name up for the very connection that is about to be made, so that a name which leads elsewhere from one
 * moment to the next (DNS rebinding) is judged by where it leads now. One address that is refused refuses the name.
 */
export function receiverLookup(lookup: typeof dnsLookup = dnsLookup): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '');
      const [first] = addresses;
      if (!first || addresses.some(({ address }) => isNoReceiver(address)))
        return done(Object.assign(new Error('no address for a receiver'), { code: REFUSED_ADDRESS }), '');
      return options.all ? done(null, addresses) : done(null, first.address, first.family);
    });
  };
}
