import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DhcpClient, Resolver } from '../src/index.js';
import { VirtualNetwork } from '../src/testing/index.js';
import { ANY_V4, BROADCAST_V4 } from '../src/wire/address.js';
import { finishChecksum, sumBytes } from '../src/wire/checksum.js';
import {
  DHCP_ACK,
  DHCP_DISCOVER,
  DHCP_NAK,
  DHCP_OFFER,
  DHCP_REQUEST,
  type DhcpMessage,
  emitDhcp,
  emptyDhcp,
  parseDhcp,
} from '../src/wire/dhcpv4.js';
import { DNS_TYPE_A, DNS_TYPE_CNAME, emitDns, parseDns } from '../src/wire/dns.js';
import { ETHERTYPE_IPV6, type MacAddress } from '../src/wire/ethernet.js';
import { PROTOCOL_ICMPV6, pseudoHeaderSum } from '../src/wire/ipv4.js';
import { writeIpv6Header } from '../src/wire/ipv6.js';
import { emitNdp, type NdpMessage, ndpBytes } from '../src/wire/ndp.js';
import { ip } from './transfer.js';

/** A DHCP server of a few lines, on our own stack. */
function dhcpServer(
  network: VirtualNetwork,
  link: ReturnType<VirtualNetwork['link']>,
  end: number,
) {
  const stack = network.stack();
  const its = network.attach(stack, link.ends[end], ['10.0.0.1/24']);
  const socket = stack.udpSocket();
  socket.boundInterface = its;
  socket.broadcast = true;
  socket.bind(undefined, 67);
  const seen: number[] = [];
  const state = { refuse: false, silent: false };
  socket.observer = {
    changed: () => {
      for (let d = socket.receive(); d !== undefined; d = socket.receive()) {
        const m = parseDhcp(d.data, 0, d.data.length)!;
        seen.push(m.type);
        if (state.silent || (m.type !== DHCP_DISCOVER && m.type !== DHCP_REQUEST)) continue;
        const type = m.type === DHCP_DISCOVER ? DHCP_OFFER : state.refuse ? DHCP_NAK : DHCP_ACK;
        const answer: DhcpMessage = {
          ...emptyDhcp(type, m.transaction, m.clientMac as MacAddress),
          isReply: true,
          yourAddress: type === DHCP_NAK ? ANY_V4 : ip('10.0.0.50'),
          serverIdentifier: ip('10.0.0.1'),
          subnetMask: ip('255.255.255.0'),
          routers: [ip('10.0.0.1')],
          dnsServers: [ip('10.0.0.1')],
          leaseSeconds: 600,
        };
        const buffer = new Uint8Array(576);
        const length = emitDhcp(answer, buffer, 0);
        const to = m.clientAddress.isUnspecified ? BROADCAST_V4 : m.clientAddress;
        socket.send(buffer.subarray(0, length), to, 68);
      }
    },
  };
  return { stack, seen, state };
}

test('DHCP: lease, renewal, refusal, expiry, over a lossy link', () => {
  const network = new VirtualNetwork(11);
  const link = network.link({ delayUs: 1000, lossPercent: 20 });
  const server = dhcpServer(network, link, 1);
  const stack = network.stack();
  const its = network.attach(stack, link.ends[0]);
  const client = new DhcpClient(stack, its, 'host');
  const changes: (string | undefined)[] = [];
  client.onLease = (lease) => changes.push(lease?.prefix.address.toString());
  client.start();
  assert.ok(network.run(() => client.state === 'bound', 300_000_000));
  assert.is(String(its.addresses[0].address), '10.0.0.50');
  assert.is(its.addresses[0].bits, 24);
  assert.is(String(stack.paths.lookup(ip('8.8.8.8'))?.nextHop), '10.0.0.1');
  link.impairments.lossPercent = 0;
  network.advance(310_000_000);
  assert.is(client.state, 'bound');
  assert.ok(server.seen.filter((t) => t === DHCP_REQUEST).length >= 2, 'renewed');
  server.state.refuse = true;
  network.advance(310_000_000);
  assert.ok(changes.includes(undefined), 'refused');
  assert.is(its.addresses.length, 0);
  server.state.refuse = false;
  assert.ok(network.run(() => client.state === 'bound', 300_000_000));
  server.state.silent = true;
  network.advance(700_000_000);
  assert.is(its.addresses.length, 0, 'expired');
  assert.is(client.state, 'selecting');
  server.state.silent = false;
  assert.ok(network.run(() => client.state === 'bound', 300_000_000));
  client.release();
  assert.is(its.addresses.length, 0);
});

test('DNS: aliases, cache, silence, wrong answers', () => {
  const network = new VirtualNetwork(12);
  const link = network.link({ delayUs: 1000 });
  const a = network.stack();
  const b = network.stack();
  network.attach(a, link.ends[0], ['10.0.0.2/24']);
  network.attach(b, link.ends[1], ['10.0.0.1/24']);
  const socket = b.udpSocket();
  socket.bind(undefined, 53);
  let asked = 0;
  socket.observer = {
    changed: () => {
      for (let d = socket.receive(); d !== undefined; d = socket.receive()) {
        const m = parseDns(d.data, 0, d.data.length)!;
        asked += 1;
        const { name } = m.questions[0];
        if (name === 'silent.test') continue;
        const answers =
          name === 'alias.test'
            ? [
                {
                  name,
                  type: DNS_TYPE_CNAME,
                  ttlSeconds: 60,
                  address: undefined,
                  target: 'real.test',
                },
                {
                  name: 'real.test',
                  type: DNS_TYPE_A,
                  ttlSeconds: 30,
                  address: ip('1.2.3.4'),
                  target: '',
                },
              ]
            : [];
        const buffer = new Uint8Array(1232);
        // First a forgery with another identifier, then the answer.
        for (const id of [m.id ^ 1, m.id]) {
          const forged = id !== m.id;
          const list = forged
            ? [{ name, type: DNS_TYPE_A, ttlSeconds: 30, address: ip('6.6.6.6'), target: '' }]
            : answers;
          const length = emitDns(
            {
              ...m,
              id,
              isResponse: true,
              responseCode: name === 'missing.test' ? 3 : 0,
              answers: list,
            },
            buffer,
            0,
          );
          socket.send(buffer.subarray(0, length), d.source, d.sourcePort);
        }
      }
    },
  };
  const resolver = new Resolver(a, [ip('10.0.0.1')]);
  const ask = (name: string): string => {
    let answer: string | undefined;
    resolver.resolve(name, 4, (result) => {
      answer = result.error ?? result.addresses.map(String).join();
    });
    network.run(() => answer !== undefined, 60_000_000);
    return answer ?? 'nothing';
  };
  assert.is(ask('Alias.test.'), '1.2.3.4');
  const before = asked;
  assert.is(ask('alias.test'), '1.2.3.4');
  assert.is(asked, before, 'from the cache');
  network.advance(31_000_000);
  assert.is(ask('alias.test'), '1.2.3.4');
  assert.ok(asked > before, 'asked again after its lifetime');
  assert.is(ask('missing.test'), 'no-such-name');
  assert.is(ask('empty.test'), 'no-address');
  assert.is(ask('silent.test'), 'timed-out');
  assert.is(ask('10.1.2.3'), '10.1.2.3');
  assert.is(ask('a..b'), 'invalid-name');
  assert.is(a.udp.size, 0, 'sockets are closed');
});

test('SLAAC: addresses from a router, lifetimes, default route; duplicates are not used', () => {
  const network = new VirtualNetwork(13);
  const link = network.link({ delayUs: 1000 });
  const stack = network.stack();
  const its = network.attach(stack, link.ends[0], [], { ipv6: true });
  const router = link.ends[1];
  const send = (message: NdpMessage) => {
    const length = ndpBytes(message);
    const frame = router.reserve(54 + length)!;
    frame.set([0x33, 0x33, 0, 0, 0, 1], 0);
    router.capabilities.mac.write(frame, 6);
    frame[12] = ETHERTYPE_IPV6 >>> 8;
    frame[13] = ETHERTYPE_IPV6 & 0xff;
    const from = ip('fe80::1');
    const to = ip('ff02::1');
    writeIpv6Header(frame, 14, from, to, PROTOCOL_ICMPV6, length, 0, 255, 0);
    emitNdp(message, frame, 54);
    const sum = finishChecksum(
      pseudoHeaderSum(from, to, PROTOCOL_ICMPV6, length) + sumBytes(frame, 54, length),
    );
    frame[56] = sum >>> 8;
    frame[57] = sum & 0xff;
    router.commit(54 + length);
    network.wake();
  };
  let solicited = 0;
  router.listener = { frame: (b) => (b[20] === 58 && b[54] === 133 ? (solicited += 1) : 0) };
  network.advance(3_000_000);
  assert.ok(solicited >= 1, 'asks for routers');
  const advertisement = {
    kind: 'router-advertisement' as const,
    hopLimit: 60,
    managed: false,
    otherConfiguration: false,
    routerLifetimeSeconds: 300,
    reachableMs: 0,
    retransmitMs: 0,
    mac: router.capabilities.mac,
    mtu: 1400,
    prefixes: [
      {
        prefix: ip('2001:db8::'),
        bits: 64,
        onLink: true,
        autonomous: true,
        validSeconds: 200,
        preferredSeconds: 100,
      },
    ],
    dnsServers: [ip('2001:db8::53')],
  };
  send(advertisement);
  network.advance(3_000_000);
  const own = its.addresses.find((x) => x.address.toString().startsWith('2001:db8:'));
  assert.is(own?.state, 'preferred');
  assert.is(its.mtu, 1400);
  assert.is(its.hopLimit, 60);
  assert.is(String(stack.advertisedDnsServers(its)[0]), '2001:db8::53');
  assert.is(String(stack.paths.lookup(ip('2001:db8:ffff::1'))?.nextHop), 'fe80::1');
  assert.is(String(stack.paths.lookup(ip('2001:db8::9'))?.nextHop), '2001:db8::9');
  network.advance(100_000_000);
  assert.is(own?.state, 'deprecated');
  network.advance(100_000_000);
  assert.is(its.find(own!.address), undefined, 'no longer valid');
  network.advance(200_000_000);
  assert.is(stack.paths.lookup(ip('2001:db8:ffff::1')), undefined, 'router gone');
  // Somebody else defends an address that we want.
  stack.addAddress(its, { address: ip('2001:db8::77'), bits: 64 });
  send({
    kind: 'advertisement',
    target: ip('2001:db8::77'),
    isRouter: false,
    solicited: false,
    override: true,
    mac: router.capabilities.mac,
  });
  network.advance(3_000_000);
  assert.is(its.find(ip('2001:db8::77'))?.state, 'duplicate');
});

test.run();
