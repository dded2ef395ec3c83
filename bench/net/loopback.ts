// Bulk TCP, one thread: two of our stacks over a direct link in memory (MSS 1460, checksums on, every segment built and
// parsed) beside node:net over the kernel's loopback, in one run.
//
//   node --conditions=@tessera/source --import tsx bench/net/loopback.ts [MEGABYTES]
import net from 'node:net';
import {
  type LinkCapabilities,
  type LinkDevice,
  MacAddress,
  parseAddress,
  parsePrefix,
  Stack,
} from '@tessera/netstack';
import { SeededRandom } from '@tessera/netstack/testing';

/** A link without delay or fault: a ring of preallocated frames. */
class DirectDevice implements LinkDevice {
  readonly capabilities: LinkCapabilities;
  readonly #slots: Uint8Array[] = [];
  readonly #lengths: Int32Array;
  #head = 0;
  #count = 0;

  constructor(mac: number, segmentationBytesMax: number, checksums: boolean, slots = 512) {
    this.capabilities = {
      medium: 'ethernet',
      mtu: 1500,
      mac: new MacAddress(0x0200, mac),
      checksumTransmit: !checksums,
      checksumReceive: !checksums,
      segmentationBytesMax,
    };
    const bytes = segmentationBytesMax === 0 ? 2048 : 65536 + 64;
    const memory = new ArrayBuffer(bytes * slots);
    for (let i = 0; i < slots; i++) this.#slots.push(new Uint8Array(memory, i * bytes, bytes));
    this.#lengths = new Int32Array(slots);
  }

  reserve(_bytes: number): Uint8Array | undefined {
    if (this.#count === this.#slots.length) return undefined;
    return this.#slots[(this.#head + this.#count) % this.#slots.length];
  }

  commit(bytes: number): void {
    this.#lengths[(this.#head + this.#count) % this.#slots.length] = bytes;
    this.#count += 1;
  }

  drain(each: (frame: Uint8Array, length: number) => void): number {
    const count = this.#count;
    for (let i = 0; i < count; i++) {
      each(this.#slots[this.#head], this.#lengths[this.#head]);
      this.#head = (this.#head + 1) % this.#slots.length;
      this.#count -= 1;
    }
    return count;
  }
}

export function ours(
  bytes: number,
  segmentation: number,
  checksums: boolean,
): { gbps: number; segments: number; heapGrowth: number } {
  const limits = { tcpSendBytesInitial: 1 << 19, tcpReceiveBytesInitial: 1 << 19 };
  const a = new Stack({ random: new SeededRandom(1), limits });
  const b = new Stack({ random: new SeededRandom(2), limits });
  const da = new DirectDevice(1, segmentation, checksums);
  const db = new DirectDevice(2, segmentation, checksums);
  const ia = a.addInterface(da, { addresses: [parsePrefix('10.0.0.1/24')!], ipv6: false });
  const ib = b.addInterface(db, { addresses: [parsePrefix('10.0.0.2/24')!], ipv6: false });
  const origin = process.hrtime.bigint();
  const nowUs = () => Number((process.hrtime.bigint() - origin) / 1000n) + 1_000_000;
  const listener = b.tcpListen(undefined, 80).listener!;
  const client = a.tcpConnect(parseAddress('10.0.0.2')!, 80).connection!;
  let now = nowUs();
  const toB = (frame: Uint8Array, length: number) => b.receive(ib, frame, now, 0, length);
  const toA = (frame: Uint8Array, length: number) => a.receive(ia, frame, now, 0, length);
  const turn = () => {
    now = nowUs();
    a.poll(now);
    da.drain(toB);
    b.poll(now);
    db.drain(toA);
  };
  let server = listener.accept();
  while (server === undefined || !client.isConnected) {
    turn();
    server ??= listener.accept();
  }
  const source = new Uint8Array(1 << 18).fill(7);
  const sink = new Uint8Array(1 << 18);
  let received = 0;
  let written = 0;
  const run = (until: number) => {
    while (received < until) {
      if (written < until)
        written += client.write(source, 0, Math.min(source.length, until - written));
      turn();
      for (let n = server.read(sink); n > 0; n = server.read(sink)) received += n;
    }
  };
  run(Math.min(bytes, 64_000_000));
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  const segmentsBefore = a.tcp.environment.counters.segmentsOut;
  const startBytes = received;
  const start = process.hrtime.bigint();
  run(startBytes + bytes);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  globalThis.gc?.();
  return {
    gbps: (bytes * 8) / seconds / 1e9,
    segments: a.tcp.environment.counters.segmentsOut - segmentsBefore,
    heapGrowth: process.memoryUsage().heapUsed - heapBefore,
  };
}

async function kernel(bytes: number): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('data', (chunk) => {
      received += chunk.length;
    });
    socket.on('end', () => socket.end());
  });
  let received = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  await new Promise((resolve) => client.once('connect', resolve));
  const chunk = Buffer.alloc(1 << 18, 7);
  const start = process.hrtime.bigint();
  for (let sent = 0; sent < bytes; sent += chunk.length)
    if (!client.write(chunk)) await new Promise((resolve) => client.once('drain', resolve));
  client.end();
  await new Promise((resolve) => client.once('close', resolve));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  server.close();
  return (received * 8) / seconds / 1e9;
}

const bytes = Number(process.argv[2] ?? 1000) * 1_000_000;
const rounds = 3;
const best = { ours: 0, gso: 0, kernel: 0, segments: 0, growth: 0 };
for (let i = 0; i < rounds; i++) {
  const plain = ours(bytes, 0, true);
  if (plain.gbps > best.ours)
    Object.assign(best, { ours: plain.gbps, segments: plain.segments, growth: plain.heapGrowth });
  best.gso = Math.max(best.gso, ours(bytes, 65535, true).gbps);
  best.kernel = Math.max(best.kernel, await kernel(bytes));
}
console.log(`bulk, ${bytes / 1e6} MB, best of ${rounds}, both ends in one thread`);
console.log(
  `  netstack, MSS 1460, checksums on   ${best.ours.toFixed(2)} Gbit/s   (${best.segments} segments, heap ${(best.growth / 1024).toFixed(0)} KB${globalThis.gc ? '' : ', run with --expose-gc for a true figure'})`,
);
console.log(`  netstack, 64 KB segments           ${best.gso.toFixed(2)} Gbit/s`);
console.log(`  node:net over kernel loopback      ${best.kernel.toFixed(2)} Gbit/s`);
console.log(
  `  ratio                              ${(best.ours / best.kernel).toFixed(2)}   with 64 KB segments ${(best.gso / best.kernel).toFixed(2)}`,
);
