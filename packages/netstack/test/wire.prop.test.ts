import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress, samePrefix } from '../src/wire/address.js';
import { ARP_BYTES, emitArp, parseArp } from '../src/wire/arp.js';
import { Checksummer, checksum, finishChecksum, foldSum, sumBytes } from '../src/wire/checksum.js';
import { emitDhcp, emptyDhcp, parseDhcp } from '../src/wire/dhcpv4.js';
import { DNS_TYPE_A, DNS_TYPE_AAAA, DNS_TYPE_CNAME, emitDns, parseDns } from '../src/wire/dns.js';
import { emitEthernet, parseEthernet, parseMac } from '../src/wire/ethernet.js';
import { emitIgmp, emitMld, parseIgmp, parseMld } from '../src/wire/group-membership.js';
import { emitIcmp, parseIcmp } from '../src/wire/icmp.js';
import { emitIpv4, ipv4HeaderBytes, parseIpv4Header } from '../src/wire/ipv4.js';
import {
  ExtensionWalk,
  emitFragmentHeader,
  emitIpv6,
  Ipv6View,
  parseFragmentHeader,
  parseIpv6Header,
  walkExtensions,
} from '../src/wire/ipv6.js';
import { emitNdp, type NdpMessage, ndpBytes, parseNdp } from '../src/wire/ndp.js';
import { emitTcp, parseTcp } from '../src/wire/tcp.js';
import { TcpOptions } from '../src/wire/tcp-options.js';
import { emitUdp, parseUdp } from '../src/wire/udp.js';
import * as a from './arbitraries.js';

/** parse(emit(x)) = x at any offset, and emit writes nothing outside its bytes. */
function roundTrip<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  emit: (value: T, buffer: Uint8Array, at: number) => number,
  parse: (buffer: Uint8Array, at: number, end: number) => unknown,
  extra: (value: T) => number = () => 0,
): void {
  test(`${name}: parse(emit(x)) = x`, () => {
    fc.assert(
      fc.property(arbitrary, fc.integer({ min: 0, max: 7 }), (value, at) => {
        const buffer = new Uint8Array(2048).fill(0xa5);
        const length = emit(value, buffer, at);
        const end = at + length + extra(value);
        assert.equal(a.plain(parse(a.guarded(buffer), at, end)), a.plain(value));
        for (let i = 0; i < at; i++) assert.is(buffer[i], 0xa5);
        for (let i = at + length; i < buffer.length; i++) assert.is(buffer[i], 0xa5);
      }),
      { numRuns: 200 },
    );
  });
}

roundTrip(
  'ethernet',
  fc.record({ destination: a.mac, source: a.mac, etherType: a.u16 }),
  (v, b, at) => (emitEthernet(v, b, at), 14),
  parseEthernet,
);
roundTrip(
  'arp',
  fc.record({
    operation: a.u16,
    senderMac: a.mac,
    senderAddress: a.v4,
    targetMac: a.mac,
    targetAddress: a.v4,
  }),
  (v, b, at) => (emitArp(v, b, at), ARP_BYTES),
  parseArp,
);
roundTrip(
  'ipv4',
  fc.record({
    trafficClass: a.u8,
    identification: a.u16,
    dontFragment: fc.boolean(),
    moreFragments: fc.boolean(),
    fragmentOffset: fc.integer({ min: 0, max: 0x1fff }).map((v) => v * 8),
    timeToLive: a.u8,
    protocol: a.u8,
    source: a.v4,
    destination: a.v4,
    options: a.bytes(40).filter((o) => o.length % 4 === 0),
    payloadBytes: fc.integer({ min: 0, max: 1400 }),
  }),
  (v, b, at) => (emitIpv4(v, b, at), ipv4HeaderBytes(v)),
  parseIpv4Header,
  (v) => v.payloadBytes,
);
roundTrip(
  'ipv6',
  fc.record({
    trafficClass: a.u8,
    flowLabel: fc.integer({ min: 0, max: 0xfffff }),
    payloadBytes: fc.integer({ min: 0, max: 1400 }),
    nextHeader: a.u8,
    hopLimit: a.u8,
    source: a.v6,
    destination: a.v6,
  }),
  (v, b, at) => (emitIpv6(v, b, at), 40),
  parseIpv6Header,
  (v) => v.payloadBytes,
);
roundTrip(
  'ipv6 fragment header',
  fc.record({
    nextHeader: a.u8,
    fragmentOffset: fc.integer({ min: 0, max: 0x1fff }).map((v) => v * 8),
    moreFragments: fc.boolean(),
    identification: a.word,
  }),
  (v, b, at) => (emitFragmentHeader(v, b, at), 8),
  parseFragmentHeader,
);
roundTrip(
  'udp',
  fc.record({
    sourcePort: a.u16,
    destinationPort: a.u16,
    payloadBytes: fc.integer({ min: 0, max: 1400 }),
  }),
  (v, b, at) => (emitUdp(v, b, at), 8),
  parseUdp,
  (v) => v.payloadBytes,
);
roundTrip(
  'icmp',
  fc.record({ type: a.u8, code: a.u8, word: a.word, body: a.bytes(64) }),
  (v, b, at) => (emitIcmp(v, b, at), 8 + v.body.length),
  parseIcmp,
);
const ndpMessage: fc.Arbitrary<NdpMessage> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('solicitation' as const, 'advertisement' as const),
    target: a.v6,
    isRouter: fc.boolean(),
    solicited: fc.boolean(),
    override: fc.boolean(),
    mac: a.maybeMac,
  }),
  fc.record({ kind: fc.constant('router-solicitation' as const), mac: a.maybeMac }),
  fc.record({
    kind: fc.constant('router-advertisement' as const),
    hopLimit: a.u8,
    managed: fc.boolean(),
    otherConfiguration: fc.boolean(),
    routerLifetimeSeconds: a.u16,
    reachableMs: a.unsigned32,
    retransmitMs: a.unsigned32,
    mac: a.maybeMac,
    mtu: a.unsigned32,
    prefixes: fc.array(
      fc.record({
        prefix: a.v6,
        bits: fc.integer({ min: 0, max: 128 }),
        onLink: fc.boolean(),
        autonomous: fc.boolean(),
        validSeconds: a.unsigned32,
        preferredSeconds: a.unsigned32,
      }),
      { maxLength: 4 },
    ),
    dnsServers: fc.array(a.v6, { maxLength: 4 }),
  }),
);
roundTrip('ndp', ndpMessage, (v, b, at) => (emitNdp(v, b, at), ndpBytes(v)), parseNdp);
roundTrip(
  'tcp',
  fc.record({
    sourcePort: a.u16,
    destinationPort: a.u16,
    sequence: a.word,
    acknowledgment: a.word,
    flags: a.u8,
    window: a.u16,
    urgentPointer: a.u16,
    options: a.tcpOptions,
  }),
  (v, b, at) => emitTcp(v, b, at),
  parseTcp,
);
roundTrip(
  'dhcp',
  fc
    .record({
      type: fc.integer({ min: 1, max: 8 }),
      isReply: fc.boolean(),
      transaction: a.word,
      secondsElapsed: a.u16,
      broadcast: fc.boolean(),
      clientAddress: a.v4,
      yourAddress: a.v4,
      clientMac: a.mac,
      requestedAddress: a.v4,
      serverIdentifier: a.v4,
      subnetMask: a.v4,
      routers: fc.array(a.v4, { maxLength: 3 }),
      dnsServers: fc.array(a.v4, { maxLength: 3 }),
      leaseSeconds: a.unsigned32,
      renewalSeconds: a.unsigned32,
      rebindingSeconds: a.unsigned32,
      mtu: a.u16,
      hostName: fc.oneof(a.label, fc.constant('')),
      domainName: fc.oneof(a.label, fc.constant('')),
    })
    .map((v) => ({ ...emptyDhcp(v.type, v.transaction, v.clientMac), ...v })),
  (v, b, at) => emitDhcp(v, b, at),
  parseDhcp,
);
roundTrip(
  'dns',
  fc.record({
    id: a.u16,
    isResponse: fc.boolean(),
    truncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    responseCode: fc.integer({ min: 0, max: 15 }),
    questions: fc.array(fc.record({ name: a.dnsName, type: a.u16 }), { maxLength: 2 }),
    answers: fc.array(
      fc.oneof(
        fc.record({
          name: a.dnsName,
          type: fc.constant(DNS_TYPE_A),
          ttlSeconds: a.unsigned32,
          address: a.v4,
          target: fc.constant(''),
        }),
        fc.record({
          name: a.dnsName,
          type: fc.constant(DNS_TYPE_AAAA),
          ttlSeconds: a.unsigned32,
          address: a.v6,
          target: fc.constant(''),
        }),
        fc.record({
          name: a.dnsName,
          type: fc.constant(DNS_TYPE_CNAME),
          ttlSeconds: a.unsigned32,
          address: fc.constant(undefined),
          target: a.dnsName,
        }),
      ),
      { maxLength: 3 },
    ),
  }),
  (v, b, at) => emitDns(v, b, at),
  parseDns,
);
roundTrip(
  'igmp',
  fc.record({ type: a.u8, responseDelay: a.u8, group: a.v4 }),
  (v, b, at) => (emitIgmp(v, b, at), 8),
  parseIgmp,
);
roundTrip(
  'mld',
  fc.record({ type: a.u8, responseDelayMs: a.u16, group: a.v6 }),
  (v, b, at) => (emitMld(v, b, at), 24),
  parseMld,
);

test('hostile bytes: no parser throws or reads outside its bytes', () => {
  const walk = new ExtensionWalk();
  const view6 = new Ipv6View();
  const options = new TcpOptions();
  fc.assert(
    fc.property(a.bytes(96), fc.constantFrom(...FIRST_BYTES), (source, first) => {
      source.set(first.slice(0, source.length));
      const b = a.guarded(source);
      const n = source.length;
      for (const parse of [
        parseEthernet,
        parseArp,
        parseIpv4Header,
        parseIpv6Header,
        parseFragmentHeader,
        parseUdp,
        parseIcmp,
        parseNdp,
        parseTcp,
        parseDhcp,
        parseDns,
        parseIgmp,
        parseMld,
      ])
        parse(b, 0, n);
      if (view6.over(b, 0, n)) walkExtensions(view6, walk);
      options.parse(b, 0, n);
    }),
    { numRuns: 3000 },
  );
});
/** Beginnings that lead random bytes past the first check of each parser. */
const FIRST_BYTES: number[][] = [
  [],
  [0x45, 0, 0, 60],
  [0x60, 0, 0, 0, 0, 40, 0, 64],
  [0x60, 0, 0, 0, 0, 20, 60, 64],
  [133, 0, 0, 0],
  [134, 0, 0, 0],
  [135, 0, 0, 0],
  [136, 0, 0, 0],
  [0, 1, 8, 0, 6, 4],
  [0, 1, 0, 2, 0, 8, 0, 1, 0, 0, 0, 0, 0xf0],
  [5, 10],
  [0, 0, 0, 1, 0, 3, 0, 5, 0, 0, 0, 0, 3, 97, 98, 99, 0xc0, 12],
];

test('addresses: parse(format(x)) = x; prefixes agree with themselves', () => {
  fc.assert(
    fc.property(a.address, fc.integer({ min: 0, max: 32 }), (value, bits) => {
      assert.ok(parseAddress(value.toString())?.equals(value), value.toString());
      assert.ok(samePrefix(value, value, bits));
    }),
  );
  for (const bad of [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '::1::',
    '1:2:3:4:5:6:7:8:9',
    'g::',
    '1.2.3.4:',
    ':1',
    '12345::',
  ])
    assert.is(parseAddress(bad), undefined, bad);
  for (const [text, canonical] of [
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::0:1', '2001:db8::1'],
    ['fe80::', 'fe80::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ])
    assert.is(String(parseAddress(text)), canonical);
});

test('mac: parse(format(x)) = x', () => {
  fc.assert(fc.property(a.mac, (value) => assert.ok(parseMac(value.toString())?.equals(value))));
  for (const bad of ['', '1:2:3:4:5:6', '00:00:00:00:00:0g', '00:00:00:00:00'])
    assert.is(parseMac(bad), undefined);
});

test('checksum: wide lanes equal bytes; a message with its checksum sums to all ones', () => {
  const wide = new Checksummer();
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 2, maxLength: 700 }),
      fc.integer({ min: 0, max: 9 }),
      (source, at) => {
        const buffer = new Uint8Array(1024);
        buffer.set(source, at);
        const plain = foldSum(sumBytes(buffer, at, source.length));
        assert.is(wide.sum(buffer, at, source.length), plain);
        buffer[at] = buffer[at + 1] = 0;
        const value = checksum(buffer, at, source.length);
        buffer[at] = value >>> 8;
        buffer[at + 1] = value & 0xff;
        assert.is(finishChecksum(sumBytes(buffer, at, source.length)), 0);
      },
    ),
    { numRuns: 500 },
  );
});

test.run();
