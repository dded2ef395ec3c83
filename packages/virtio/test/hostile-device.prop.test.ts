import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ArrayStorage,
  BalloonDriver,
  BalloonModel,
  BlockDriver,
  BlockModel,
  BumpAllocator,
  ConsoleDriver,
  ConsoleModel,
  EntropyDriver,
  EntropyModel,
  NetDriver,
  NetModel,
  NoWaiter,
  type RegisterWindow,
} from '../src/index.js';
import { HookMemory, SeededRandom } from '../src/testing/index.js';
import { type Bus, Machine } from './machine.js';

/**
 * Whole drivers against a device that lies in registers, configuration and rings, now and then or all the time, while
 * memory is rewritten between any two accesses. Nothing may throw, hang or leave memory.
 */
const test = suite('hostile devices');
const runs = Number(process.env['HOSTILE_RUNS'] ?? 1500);

class LyingWindow implements RegisterWindow {
  constructor(
    readonly inner: RegisterWindow,
    readonly random: SeededRandom,
    readonly oneIn: number,
  ) {}
  lie(honest: number, mask: number): number {
    if (!this.random.chance(this.oneIn)) return honest;
    const kind = this.random.below(4);
    if (kind === 0) return (this.random.next() & mask) >>> 0;
    if (kind === 1) return this.random.below(8);
    return kind === 2 ? mask >>> 0 : (honest ^ (1 << this.random.below(8))) >>> 0;
  }
  load8(o: number): number {
    return this.lie(this.inner.load8(o), 0xff) & 0xff;
  }
  load16(o: number): number {
    return this.lie(this.inner.load16(o), 0xffff) & 0xffff;
  }
  load32(o: number): number {
    return this.lie(this.inner.load32(o), 0xffffffff);
  }
  store8(o: number, v: number): void {
    this.inner.store8(o, v);
  }
  store16(o: number, v: number): void {
    this.inner.store16(o, v);
  }
  store32(o: number, v: number): void {
    this.inner.store32(o, v);
  }
}

function attack(kind: number, bus: Bus, seed: number, oneIn: number): boolean {
  const random = new SeededRandom(seed);
  const machine = new Machine(0x200000);
  const memory = new HookMemory(machine.memory);
  const rings = {
    packed: random.chance(2),
    indirect: random.chance(2),
    eventIndex: random.chance(2),
    inOrder: random.chance(2),
  };
  machine.wrap = (window) => new LyingWindow(window, random, oneIn);
  memory.hook = (address, bytes): void => {
    assert.ok(machine.memory.contains(address, bytes));
    if (random.chance(oneIn))
      machine.memory.store16(0x101000 + random.below(0x8000) * 2, random.next() & 0xffff);
  };
  const common = {
    name: 'device',
    memory,
    allocator: new BumpAllocator(machine.memory, 0x101000, 0x1f0000),
    sink: machine.sink,
    waiter: new NoWaiter(),
    rings: { packed: true, indirect: true, eventIndex: true, inOrder: true, indirectMax: 4 },
  };
  if (kind === 0) {
    const storage = new ArrayStorage(new Uint8Array(0x8000), false);
    const transport = machine.plug(new BlockModel(storage, machine.memory, 1, 8), bus, rings);
    if (transport === undefined) return true;
    const disk = BlockDriver.open(transport, {
      ...common,
      queueCountMax: 2,
      queueSizeMax: 8,
      slotCount: 4,
      slotBytes: 1024,
      addressOf: () => -1,
    });
    for (let i = 0; disk !== undefined && i < 10; i += 1) {
      const bytes = new Uint8Array(2048);
      const write = random.chance(2);
      const ticket = disk.submit([
        { kind: write ? 'write' : 'read', offsetBytes: 1024, bytes },
        { kind: 'flush' },
      ]);
      assert.ok(['ok', 'error', 'gone', 'read-only'].includes(disk.wait(ticket)));
    }
  } else if (kind === 1) {
    const model: NetModel = new NetModel(machine.memory, {
      mac: new Uint8Array(6),
      mtu: 1500,
      pairs: 2,
      queueSize: 16,
      mergeBuffers: true,
      peer: { frame: (_h, frame): void => void model.deliver(0, frame) },
    });
    const transport = machine.plug(model, bus, rings);
    if (transport === undefined) return true;
    const net = NetDriver.open(transport, {
      ...common,
      pairsMax: 2,
      receiveBuffers: 8,
      transmitBuffers: 4,
      largeBuffers: 1,
      acceptLargeReceive: true,
      fallbackMac: new Uint8Array(6),
    });
    const none = {
      needsChecksum: false,
      checksumStart: 0,
      checksumOffset: 0,
      segmentBytes: 0,
      headerBytes: 0,
    };
    for (let i = 0; net !== undefined && i < 20; i += 1) {
      if (net.reserve(500) !== undefined) net.commit(500, none);
      net.flush();
      for (let frames = 0; net.receive() !== undefined; frames += 1) assert.ok(frames < 64);
      net.refill();
    }
  } else if (kind === 2) {
    const model = new ConsoleModel(machine.memory, {
      ports: ['a', 'b'],
      columns: 1,
      rows: 1,
      queueSize: 8,
      host: { output: (): void => {} },
    });
    const transport = machine.plug(model, bus, rings);
    if (transport === undefined) return true;
    const driver = ConsoleDriver.open(transport, {
      ...common,
      bufferBytes: 64,
      buffersPerPort: 4,
      portsMax: 2,
    });
    for (let i = 0; driver !== undefined && i < 20; i += 1) {
      driver.poll();
      const port = driver.port(random.below(2));
      if (port === undefined) continue;
      driver.write(port, new Uint8Array(100), 0, 100);
      model.input(port.id, new Uint8Array(90));
      driver.read(port, new Uint8Array(100), 0, 100);
      driver.readSize();
    }
  } else if (kind === 3) {
    const transport = machine.plug(
      new EntropyModel(machine.memory, { fill: (): void => {} }),
      bus,
      rings,
    );
    if (transport === undefined) return true;
    EntropyDriver.open(transport, common)?.fill(new Uint8Array(200));
  } else {
    const model = new BalloonModel(machine.memory);
    const transport = machine.plug(model, bus, rings);
    if (transport === undefined) return true;
    let pages = 100;
    const source = {
      takePage: (): number => (pages-- > 0 ? pages * 4096 : -1),
      returnPage: (): void => {},
    };
    const balloon = BalloonDriver.open(transport, { ...common, pages: source });
    for (let i = 0; balloon !== undefined && i < 10; i += 1) {
      model.setWanted(random.below(80));
      balloon.adjust(40);
      assert.ok(balloon.heldPages() <= 100);
      balloon.report([0x110000], [4096]);
    }
  }
  return machine.sink.faults.length > 0;
}

test('no driver throws, hangs or leaves memory', () => {
  let faulted = 0;
  let count = 0;
  fc.assert(
    fc.property(
      fc.nat(4),
      fc.constantFrom<Bus>('mmio1', 'mmio2', 'pci-legacy', 'pci-modern'),
      fc.nat(),
      fc.constantFrom(3, 20, 200),
      (kind, bus, seed, oneIn) => {
        count += 1;
        if (attack(kind, bus, seed, oneIn)) faulted += 1;
      },
    ),
    { numRuns: runs },
  );
  assert.ok(faulted > count / 4, `only ${faulted} of ${count} attacks were noticed`);
});

test.run();
