import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualNetwork } from '../src/testing/index.js';
import { PROTOCOL_ICMP } from '../src/wire/ipv4.js';
import { connectPair, ip, pattern, Transfer } from './transfer.js';

function pair(options: ConstructorParameters<typeof VirtualNetwork>[0] = 1, link = {}) {
  const network = new VirtualNetwork(options);
  const wire = network.link({ delayUs: 1000, ...link });
  const a = network.stack();
  const b = network.stack();
  const ia = network.attach(a, wire.ends[0], ['10.0.0.1/24', 'fd00::1/64']);
  const ib = network.attach(b, wire.ends[1], ['10.0.0.2/24', 'fd00::2/64']);
  network.advance(3_000_000);
  return { network, wire, a, b, ia, ib };
}

test('ping: an echo request is answered, after address resolution', () => {
  const { network, a } = pair();
  const raw = a.rawSocket(PROTOCOL_ICMP, true);
  const request = new Uint8Array([8, 0, 0, 0, 0, 1, 0, 2, 1, 2, 3, 4]);
  const sum = 0x0800 + 0x0001 + 0x0002 + 0x0102 + 0x0304;
  request[2] = (~sum >>> 8) & 0xff;
  request[3] = ~sum & 0xff;
  assert.is(raw.send(request, ip('10.0.0.2')), undefined);
  let reply = raw.receive();
  network.run(() => (reply ??= raw.receive()) !== undefined, 1_000_000);
  assert.ok(reply);
  assert.is(reply!.data[reply!.payloadAt], 0);
  assert.equal([...reply!.data.slice(reply!.payloadAt + 4)], [0, 1, 0, 2, 1, 2, 3, 4]);
});

for (const [family, to] of [
  ['IPv4', '10.0.0.2'],
  ['IPv6', 'fd00::2'],
  ['IPv4 loopback', '127.0.0.1'],
  ['IPv6 loopback', '::1'],
]) {
  test(`UDP over ${family}: small and fragmented datagrams arrive, closed ports refuse`, () => {
    const { network, a, b } = pair();
    const target = family.includes('loopback') ? a : b;
    const server = target.udpSocket();
    assert.is(server.bind(undefined, 7), undefined);
    const client = a.udpSocket();
    assert.is(client.connect(ip(to), 7), undefined);
    for (const size of [0, 1, 1472, 1473, 9000, 60000]) {
      const data = pattern(size, size);
      assert.is(client.send(data), undefined, `send ${size}`);
      let got = server.receive();
      network.run(() => (got ??= server.receive()) !== undefined, 1_000_000);
      assert.ok(got, `receive ${size}`);
      assert.equal(got!.data, data);
      assert.is(server.send(got!.data, got!.source, got!.sourcePort), undefined);
      let back = client.receive();
      network.run(() => (back ??= client.receive()) !== undefined, 1_000_000);
      assert.equal(back!.data, data);
    }
    server.close();
    client.send(new Uint8Array(1));
    network.run(() => client.pendingError !== undefined, 1_000_000);
    assert.is(client.pendingError, 'refused');
  });

  test(`TCP over ${family}: both directions, byte-exact, orderly end`, () => {
    const { network, a, b } = pair();
    const [c, s] = connectPair(network, a, family.includes('loopback') ? a : b, to);
    const up = pattern(300_000, 1);
    const down = pattern(200_000, 2);
    const left = new Transfer(c, up, down.length);
    const right = new Transfer(s, down, up.length);
    assert.ok(
      network.run(() => left.done && right.done, 20_000_000),
      'finishes',
    );
    assert.is(left.receivedBytes, down.length);
    assert.is(right.receivedBytes, up.length);
    assert.equal(left.received.slice(0, -1), down);
    assert.equal(right.received.slice(0, -1), up);
    network.advance(200_000_000);
    assert.is(a.tcp.environment.table.size, 0);
    assert.is(b.tcp.environment.table.size, 0);
  });
}

test('TCP to a closed port is refused; to nowhere times out', () => {
  const { network, a } = pair();
  const refused = a.tcpConnect(ip('10.0.0.2'), 81).connection!;
  network.run(() => refused.error !== undefined, 5_000_000);
  assert.is(refused.error, 'refused');
  const nowhere = a.tcpConnect(ip('10.0.0.77'), 81).connection!;
  network.run(() => nowhere.error !== undefined, 500_000_000);
  assert.is(nowhere.error, 'unreachable');
});

test.run();
