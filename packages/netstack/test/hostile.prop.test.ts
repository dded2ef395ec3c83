import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Connection } from '../src/tcp/connection.js';
import { distance, isAfter } from '../src/tcp/sequence.js';
import { SeededRandom, VirtualNetwork } from '../src/testing/index.js';
import { guarded } from './arbitraries.js';
import { connectPair, pattern, Transfer } from './transfer.js';

/** Relations that hold after every event. */
export function checkConnection(c: Connection, edges: Map<Connection, number>): void {
  assert.ok(distance(c.nxt, c.una) >= 0, 'una <= nxt');
  if (c.state >= 3 && c.state !== 9) {
    assert.is(
      distance(c.nxt, c.una),
      c.board.outstandingBytes,
      'scoreboard holds what is in flight',
    );
    let sum = 0;
    let sacked = 0;
    let lost = 0;
    let again = 0;
    let at = c.una;
    for (let i = 0; i < c.board.count; i++) {
      assert.is(c.board.start(i), at, 'records are contiguous');
      assert.ok(c.board.length(i) > 0, 'no empty record');
      at = c.board.end(i);
      const flags = c.board.flags(i);
      sum += c.board.length(i);
      if ((flags & 1) !== 0) sacked += c.board.length(i);
      if ((flags & 2) !== 0) lost += c.board.length(i);
      if ((flags & 4) !== 0) again += c.board.length(i);
    }
    assert.equal(
      [sum, sacked, lost, again],
      [
        c.board.outstandingBytes,
        c.board.sackedBytes,
        c.board.lostBytes,
        c.board.retransmittedBytes,
      ],
    );
    const edge = edges.get(c);
    if (edge !== undefined)
      assert.not(isAfter(edge, c.advertisedEdge), 'right edge never moves left');
    edges.set(c, c.advertisedEdge);
  }
  assert.ok(c.receive.readable <= c.receive.limit);
  assert.ok(c.receive.rangeCount <= c.environment.limits.tcpOutOfOrderRangesMax);
  assert.ok(c.congestion.windowBytes > 0);
}

test('invariants of connections hold after every event of an impaired transfer', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.record({
        lossPercent: fc.integer({ min: 0, max: 20 }),
        duplicatePercent: fc.integer({ min: 0, max: 20 }),
        reorderPercent: fc.integer({ min: 0, max: 20 }),
        corruptPercent: fc.integer({ min: 0, max: 20 }),
        delayUs: fc.constantFrom(0, 500, 20_000),
      }),
      fc.boolean(),
      fc.constantFrom(0, 65535),
      (seed, faults, selectiveAck, segmentationBytesMax) => {
        const network = new VirtualNetwork(seed);
        // Segments of 64 KB need a medium that carries them: the offload of a virtual device.
        const link = network.link({
          ...faults,
          mtu: segmentationBytesMax === 0 ? 1500 : 9000,
          segmentationBytesMax,
        });
        const options = {
          selectiveAck,
          limits: { tcpSynRetriesMax: 30, tcpRetriesMax: 40, tcpRetransmitMaxUs: 8_000_000 },
        };
        const a = network.stack(options);
        const b = network.stack(options);
        network.attach(a, link.ends[0], ['10.0.0.1/24']);
        network.attach(b, link.ends[1], ['10.0.0.2/24']);
        const [c, s] = connectPair(network, a, b, '10.0.0.2');
        const up = pattern(60_000, seed);
        const left = new Transfer(c, up, 40_000);
        const right = new Transfer(s, pattern(40_000, seed + 1), up.length);
        const edges = new Map<Connection, number>();
        const done = network.run(() => {
          checkConnection(c, edges);
          checkConnection(s, edges);
          return left.done && right.done;
        }, 7_200_000_000);
        assert.ok(done, 'terminates');
        assert.equal(right.received.slice(0, up.length), up);
      },
    ),
    { numRuns: 60 },
  );
});

test('mutated and random frames: no exception, no read outside, no growth', () => {
  const recorded: Uint8Array[] = [];
  const network = new VirtualNetwork(7);
  const link = network.link({ delayUs: 100, lossPercent: 5 });
  const a = network.stack({ ecn: true });
  const b = network.stack({ ecn: true });
  const ia = network.attach(a, link.ends[0], ['10.0.0.1/24', 'fd00::1/64'], { ipv6: true });
  network.attach(b, link.ends[1], ['10.0.0.2/24', 'fd00::2/64'], { ipv6: true });
  link.tap = (_now, from, buffer, length) => {
    if (from === 1 && recorded.length < 3000) recorded.push(buffer.slice(0, length));
  };
  network.advance(3_000_000);
  const udp = a.udpSocket();
  udp.bind(undefined, 7);
  const sender = b.udpSocket();
  for (const to of ['10.0.0.2', 'fd00::2']) {
    const [c, s] = connectPair(network, a, b, to);
    const left = new Transfer(c, pattern(50_000, 1), 50_000);
    const right = new Transfer(s, pattern(50_000, 2), 50_000);
    assert.ok(network.run(() => left.done && right.done));
    sender.send(new Uint8Array(5000), a.interfaces[1].addresses[0].address, 7);
    network.advance(100_000);
  }
  assert.ok(recorded.length > 100);
  // An open connection stays under fire.
  const [c, s] = connectPair(network, a, b, '10.0.0.2', 81);
  const open = new Transfer(s, pattern(100_000, 3), 0);
  c.observer = undefined;
  network.advance(1_000_000);
  const random = new SeededRandom(99);
  const frames = Number(process.env['TESSERA_HOSTILE_FRAMES'] ?? 20_000);
  for (let i = 0; i < frames; i++) {
    let frame: Uint8Array;
    if (random.below(10) === 0) {
      frame = new Uint8Array(random.below(200));
      for (let j = 0; j < frame.length; j++) frame[j] = random.word();
    } else {
      frame = recorded[random.below(recorded.length)].slice();
      for (let m = random.below(6); m > 0; m--) frame[random.below(frame.length)] = random.word();
      if (random.below(8) === 0) frame = frame.subarray(0, random.below(frame.length + 1));
    }
    // Checksums would hide most of the code from mutated frames: the device says they are fine.
    a.receive(
      ia,
      random.below(20) === 0 ? guarded(frame) : frame,
      network.now,
      0,
      frame.length,
      true,
    );
    if (random.below(50) === 0) {
      network.wake();
      network.advance(random.below(20_000));
    }
  }
  network.advance(400_000_000);
  assert.ok(a.tcp.environment.table.size <= 3, `${a.tcp.environment.table.size} connections`);
  assert.is(a.reassembly.bytes, 0);
  assert.ok(ia.neighbours!.size <= a.limits.neighboursMax);
  assert.ok(a.timers.size < 50, `${a.timers.size} timers`);
  assert.ok(open.connection !== c);
});

test('SYN flood: bounded memory, cookies answer, a real client still connects', () => {
  const network = new VirtualNetwork(3);
  const link = network.link({ delayUs: 100 });
  const a = network.stack();
  const b = network.stack();
  network.attach(a, link.ends[0], ['10.0.0.1/8']);
  const ib = network.attach(b, link.ends[1], ['10.0.0.2/8']);
  const listener = b.tcpListen(undefined, 80).listener!;
  const recorded: Uint8Array[] = [];
  link.tap = (_now, from, buffer, length) => {
    if (from === 0) recorded.push(buffer.slice(0, length));
  };
  const probe = a.tcpConnect(b.interfaces[1].addresses[0].address, 80).connection!;
  network.run(() => probe.isConnected);
  probe.abort();
  link.tap = undefined;
  network.advance(1_000_000);
  const syn = recorded.find((f) => f.length > 47 && f[12] === 8 && f[23] === 6 && f[47] === 2)!;
  assert.ok(syn);
  const before = b.tcp.environment.table.size;
  const flood = Number(process.env['TESSERA_FLOOD'] ?? 20_000);
  for (let i = 0; i < flood; i++) {
    // Another source address and port each: only 10.0.0.1 is real, the rest never answers.
    syn[28] = 1 + (i >>> 16);
    syn[29] = i >>> 8;
    syn[34] = 0x40 + (i & 0x3f);
    syn[24] = 0;
    syn[25] = 0;
    let sum = 0;
    for (let j = 14; j < 34; j += 2) sum += (syn[j] << 8) | syn[j + 1];
    sum = (sum & 0xffff) + (sum >>> 16);
    sum = ~(sum + (sum >>> 16)) & 0xffff;
    syn[24] = sum >>> 8;
    syn[25] = sum & 0xff;
    b.receive(ib, syn, network.now, 0, syn.length, true);
    if ((i & 63) === 0) network.advance(1000);
  }
  const limits = b.limits;
  assert.ok(
    b.tcp.environment.table.size - before <= limits.tcpHalfOpenMax,
    `${b.tcp.environment.table.size} connections`,
  );
  assert.ok(b.tcp.environment.counters.synCookiesSent > 1000);
  assert.ok(ib.neighbours!.size <= limits.neighboursMax);
  // The flood goes on while a client with a cookie connects and transfers.
  while (listener.accept() !== undefined);
  const client = a.tcpConnect(b.interfaces[1].addresses[0].address, 80).connection!;
  let server: Connection | undefined;
  assert.ok(
    network.run(
      () => (server ??= listener.accept()) !== undefined && client.isConnected,
      10_000_000,
    ),
  );
  assert.ok(b.tcp.environment.counters.synCookiesAccepted >= 1);
  assert.ok(
    server!.selectiveAck && server!.timestamps && server!.scaling,
    'options survive the cookie',
  );
  const left = new Transfer(client, pattern(100_000, 5), 100_000);
  const right = new Transfer(server!, pattern(100_000, 6), 100_000);
  assert.ok(network.run(() => left.done && right.done, 60_000_000));
  assert.equal(right.received.slice(0, -1), pattern(100_000, 5));
});

test.run();
