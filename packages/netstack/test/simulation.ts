import fs from 'node:fs';
import type { Connection } from '../src/tcp/connection.js';
import { stateName } from '../src/tcp/state.js';
import {
  type Impairments,
  PcapWriter,
  SeededRandom,
  VirtualNetwork,
} from '../src/testing/index.js';
import { connectPair, pattern, Transfer } from './transfer.js';

/** Faults of one seed: up to 20 % of each kind. */
export function faultsOf(seed: number): Impairments {
  const random = new SeededRandom(seed * 7919);
  const kinds = random.below(16);
  return {
    lossPercent: (kinds & 1) !== 0 ? random.below(21) : random.below(3),
    duplicatePercent: (kinds & 2) !== 0 ? random.below(21) : 0,
    reorderPercent: (kinds & 4) !== 0 ? random.below(21) : 0,
    reorderUs: 100 + random.below(30_000),
    corruptPercent: (kinds & 8) !== 0 ? random.below(21) : 0,
    delayUs: [50, 1000, 10_000, 50_000][random.below(4)],
    jitterUs: random.below(2) === 0 ? 0 : random.below(3000),
    bitsPerSecond: random.below(3) === 0 ? 10_000_000 : 0,
    queueFrames: 20 + random.below(100),
    markBeyondFrames: 10,
  };
}

function describe(c: Connection): string {
  return `${stateName(c.state)} error=${c.error} una=${c.una >>> 0} nxt=${c.nxt >>> 0} wnd=${c.sendWindow} cwnd=${c.congestion.windowBytes} ssthresh=${c.congestion.thresholdBytes} recovery=${c.recovery} pipe=${c.pipeBytes} out=${c.board.outstandingBytes} lost=${c.board.lostBytes} sacked=${c.board.sackedBytes} retr=${c.board.retransmittedBytes} queue=${c.send.length} readable=${c.receive.readable} ranges=${c.receive.rangeCount} rto=${c.rtt.timeoutUs} srtt=${c.rtt.smoothedUs} backoff=${c.rtt.backoff} fin=${c.finQueued}/${c.finSent}/${c.finConsumed} retries=${c.retries}`;
}

export interface SimulationResult {
  readonly failure: string | undefined;
  readonly virtualUs: number;
  readonly retransmitted: number;
  readonly segments: number;
}

/** One seed: both directions at once under faults. */
export function simulate(seed: number, bytes: number, capture?: string): SimulationResult {
  const random = new SeededRandom(seed);
  // Clocks begin anywhere, near 2^31 and 2^32 milliseconds too, so that timestamps and sequence numbers wrap.
  const start = [1_000_000, 2147483647_000 - 500_000, 4294967295_000 - 500_000, 2 ** 52][
    random.below(4)
  ];
  const network = new VirtualNetwork(seed, start);
  const faults = faultsOf(seed);
  const wire = network.link(faults);
  const pcap = capture === undefined ? undefined : new PcapWriter();
  if (pcap !== undefined)
    wire.tap = (now, _from, buffer, length) => pcap.frame(now - start, buffer, length);
  const options = () => ({
    congestion: random.below(2) === 0 ? ('cubic' as const) : ('reno' as const),
    ecn: random.below(2) === 0,
    timestamps: random.below(4) !== 0,
    selectiveAck: random.below(4) !== 0,
    windowScaling: random.below(4) !== 0,
    // A third of all frames may be lost: give up later than the defaults do.
    limits: { tcpSynRetriesMax: 30, tcpRetriesMax: 40, tcpRetransmitMaxUs: 8_000_000 },
  });
  const a = network.stack(options());
  const b = network.stack(options());
  const v6 = random.below(2) === 0;
  network.attach(a, wire.ends[0], [v6 ? 'fd00::1/64' : '10.0.0.1/24']);
  network.attach(b, wire.ends[1], [v6 ? 'fd00::2/64' : '10.0.0.2/24'], {});
  network.advance(3_000_000);
  let failure: string | undefined;
  let left: Transfer | undefined;
  let right: Transfer | undefined;
  try {
    const [c, s] = connectPair(network, a, b, v6 ? 'fd00::2' : '10.0.0.2');
    const up = pattern(bytes, seed);
    const down = pattern(bytes, seed + 1);
    left = new Transfer(c, up, bytes);
    right = new Transfer(s, down, bytes);
    const l = left;
    const r = right;
    if (!network.run(() => l.done && r.done, 7_200_000_000))
      failure = 'did not finish in two virtual hours';
    else if (Buffer.compare(l.received.subarray(0, bytes), down) !== 0 || l.receivedBytes !== bytes)
      failure = 'downward bytes differ';
    else if (Buffer.compare(r.received.subarray(0, bytes), up) !== 0 || r.receivedBytes !== bytes)
      failure = 'upward bytes differ';
    if (failure === undefined) {
      network.run(
        () => a.tcp.environment.table.size + b.tcp.environment.table.size === 0,
        4_000_000_000,
      );
      if (a.tcp.environment.table.size + b.tcp.environment.table.size !== 0)
        failure = 'connections remain';
    }
    if (failure !== undefined)
      failure = `seed ${seed}: ${failure}\n${JSON.stringify(faults)}\nclient ${describe(c)}\nserver ${describe(s)}`;
  } catch (error) {
    failure = `seed ${seed}: ${error instanceof Error ? error.stack : error}`;
  }
  if (pcap !== undefined && capture !== undefined) fs.writeFileSync(capture, pcap.bytes());
  return {
    failure,
    virtualUs: network.now - start,
    retransmitted:
      a.tcp.environment.counters.retransmitted + b.tcp.environment.counters.retransmitted,
    segments: wire.sent,
  };
}

if (process.argv[1]?.endsWith('simulation.ts')) {
  const [first = 1, last = 1000, bytes = 1_000_000] = process.argv.slice(2, 5).map(Number);
  let failures = 0;
  let virtual = 0;
  for (let seed = first; seed <= last; seed++) {
    const result = simulate(seed, bytes, first === last ? process.argv[5] : undefined);
    virtual += result.virtualUs;
    if (result.failure !== undefined) {
      failures += 1;
      console.log(result.failure);
    }
    if (first === last || seed % 100 === 0)
      console.log(
        `seed ${seed}: ${failures} failures so far, ${(result.virtualUs / 1e6).toFixed(1)} s virtual, ${result.segments} frames, ${result.retransmitted} retransmitted`,
      );
  }
  console.log(
    `${last - first + 1} seeds of ${bytes} bytes both ways: ${failures} failures, ${(virtual / 1e6).toFixed(0)} s of virtual time`,
  );
  process.exitCode = failures === 0 ? 0 : 1;
}
