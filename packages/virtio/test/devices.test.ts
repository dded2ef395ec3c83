import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ArrayStorage,
  BalloonDriver,
  BalloonModel,
  BlockDriver,
  BlockModel,
  ConsoleDriver,
  ConsoleModel,
  EntropyDriver,
  EntropyModel,
  FEATURE_PACKED,
  NetDriver,
  NetModel,
  NoWaiter,
  parseMmioCommandLine,
  pciDeviceType,
} from '../src/index.js';
import { SeededRandom } from '../src/testing/index.js';
import { COMBINATIONS, Machine } from './machine.js';

const test = suite('virtio devices');
const waiter = new NoWaiter();

function common(machine: Machine, name: string) {
  return {
    name,
    memory: machine.memory,
    allocator: machine.allocator,
    sink: machine.sink,
    waiter,
    rings: { packed: true, indirect: true, eventIndex: true, inOrder: true, indirectMax: 8 },
  };
}

export function openBlock(
  machine: Machine,
  transport: Parameters<typeof BlockDriver.open>[0],
  queues = 1,
) {
  return BlockDriver.open(transport, {
    ...common(machine, 'blk0'),
    queueCountMax: queues,
    queueSizeMax: 16,
    slotCount: 8,
    slotBytes: 4096,
    addressOf: () => -1,
  });
}

const plain = { packed: false, indirect: false, eventIndex: false, inOrder: false };
const full = { packed: true, indirect: true, eventIndex: true, inOrder: false };

test('block: every bus and ring combination writes, flushes and reads back', () => {
  for (const { bus, rings } of COMBINATIONS) {
    const machine = new Machine();
    const storage = new ArrayStorage(new Uint8Array(0x40000), false);
    const transport = machine.plug(new BlockModel(storage, machine.memory, 2, 16), bus, rings);
    const disk = openBlock(machine, transport, 2)!;
    assert.ok(disk, `${bus} ${JSON.stringify(rings)} ${JSON.stringify(machine.sink.faults)}`);
    assert.is(disk.session.features.has(FEATURE_PACKED), rings.packed);
    assert.is(disk.sizeBytes, 0x40000);
    const random = new SeededRandom(5);
    const model = new Uint8Array(0x40000);
    for (let round = 0; round < 60; round += 1) {
      const sectors = 1 + random.below(40);
      const offsetBytes = random.below(512 - sectors) * 512;
      const bytes = new Uint8Array(sectors * 512).map(() => random.below(256));
      model.set(bytes, offsetBytes);
      const ticket = disk.submit([{ kind: 'write', offsetBytes, bytes }, { kind: 'flush' }]);
      assert.is(disk.wait(ticket), 'ok');
    }
    assert.ok(storage.flushCount >= 60);
    const back = new Uint8Array(0x40000);
    assert.is(disk.wait(disk.submit([{ kind: 'read', offsetBytes: 0, bytes: back }])), 'ok');
    assert.equal(back, model);
    assert.equal(machine.sink.faults, []);
  }
});

test('block: discard, zero, bounds, read-only, queue reset', () => {
  const machine = new Machine();
  const storage = new ArrayStorage(new Uint8Array(0x10000).fill(7), false);
  const disk = openBlock(
    machine,
    machine.plug(new BlockModel(storage, machine.memory, 1, 16), 'pci-modern', full),
  )!;
  const run = (work: Parameters<BlockDriver['submit']>[0][0]): string =>
    disk.wait(disk.submit([work]));
  assert.is(run({ kind: 'zero', offsetBytes: 512, lengthBytes: 1024 }), 'ok');
  assert.equal(
    [storage.bytes[511], storage.bytes[512], storage.bytes[1535], storage.bytes[1536]],
    [7, 0, 0, 7],
  );
  assert.is(run({ kind: 'discard', offsetBytes: 4096, lengthBytes: 4096 }), 'ok');
  assert.is(run({ kind: 'read', offsetBytes: 0x10000, bytes: new Uint8Array(512) }), 'error');
  assert.is(run({ kind: 'read', offsetBytes: 0xfe00, bytes: new Uint8Array(1024) }), 'error');
  assert.is(run({ kind: 'read', offsetBytes: 100, bytes: new Uint8Array(512) }), 'error');
  assert.equal(disk.session.resetQueue(0, 0xffff), []);
  assert.is(run({ kind: 'write', offsetBytes: 0, bytes: new Uint8Array(512) }), 'ok');
  assert.equal(machine.sink.faults, []);

  const other = new Machine();
  const locked = openBlock(
    other,
    other.plug(
      new BlockModel(new ArrayStorage(new Uint8Array(4096), true), other.memory, 1, 16),
      'mmio2',
      plain,
    ),
  )!;
  assert.ok(locked.readOnly);
  assert.is(
    locked.wait(locked.submit([{ kind: 'write', offsetBytes: 0, bytes: new Uint8Array(512) }])),
    'read-only',
  );
});

function openNet(machine: Machine, transport: Parameters<typeof NetDriver.open>[0], pairs = 1) {
  return NetDriver.open(transport, {
    ...common(machine, 'net0'),
    pairsMax: pairs,
    receiveBuffers: 16,
    transmitBuffers: 8,
    largeBuffers: 2,
    acceptLargeReceive: true,
    fallbackMac: new Uint8Array([2, 0, 0, 0, 0, 9]),
  });
}

const NO_OFFLOAD = {
  needsChecksum: false,
  checksumStart: 0,
  checksumOffset: 0,
  segmentBytes: 0,
  headerBytes: 0,
};

test('net: every bus and ring combination echoes frames of every size', () => {
  for (const { bus, rings } of COMBINATIONS) {
    for (const mergeBuffers of [false, true]) {
      const machine = new Machine();
      const model: NetModel = new NetModel(machine.memory, {
        mac: new Uint8Array([2, 1, 1, 1, 1, 1]),
        mtu: 1500,
        pairs: 1,
        queueSize: 32,
        mergeBuffers,
        peer: { frame: (_header, frame): void => assert.ok(model.deliver(0, frame)) },
      });
      const net = openNet(machine, machine.plug(model, bus, rings))!;
      assert.ok(net, `${bus} ${JSON.stringify(machine.sink.faults)}`);
      assert.equal([...net.capabilities.mac], [2, 1, 1, 1, 1, 1]);
      for (let bytes = 14; bytes <= 1514; bytes += 100) {
        const frame = net.reserve(bytes)!;
        frame.fill(bytes & 0xff);
        net.commit(bytes, NO_OFFLOAD);
        net.flush();
        const back = net.receive()!;
        assert.is(back.length, bytes);
        assert.ok(back.every((b) => b === (bytes & 0xff)));
        net.refill();
        assert.is(net.receive(), undefined);
      }
      assert.equal(machine.sink.faults, []);
      assert.ok(net.setPromiscuous(true));
      assert.ok(model.isPromiscuous);
    }
  }
});

test('net: a 60 KB segment goes out with its offload header and comes back merged', () => {
  const machine = new Machine();
  let header = new Uint8Array(0);
  const model: NetModel = new NetModel(machine.memory, {
    mac: new Uint8Array(6),
    mtu: 1500,
    pairs: 2,
    queueSize: 64,
    mergeBuffers: true,
    peer: {
      frame: (seen, frame): void => {
        header = seen;
        assert.ok(model.deliver(1, frame.subarray(0, 20000)));
      },
    },
  });
  const net = openNet(machine, machine.plug(model, 'pci-modern', full), 2)!;
  assert.is(model.activePairs, 2);
  net.selectPair(1);
  const frame = net.reserve(60000)!;
  frame.fill(9);
  frame[12] = 0x86;
  frame[13] = 0xdd;
  net.commit(60000, {
    needsChecksum: true,
    checksumStart: 54,
    checksumOffset: 16,
    segmentBytes: 1440,
    headerBytes: 74,
  });
  net.flush();
  const view = new DataView(header.buffer);
  assert.equal(
    [
      header[0],
      header[1],
      view.getUint16(2, true),
      view.getUint16(4, true),
      view.getUint16(6, true),
      view.getUint16(8, true),
    ],
    [1, 4, 74, 1440, 54, 16],
  );
  assert.is(net.receive()!.length, 20000);
  net.refill();
  for (let i = 0; i < 40; i += 1) {
    net.reserve(1000)!.fill(1);
    net.commit(1000, NO_OFFLOAD);
    net.flush();
    assert.is(net.receive()!.length, 1000);
    net.refill();
  }
  assert.equal(machine.sink.faults, []);
});

test('console: one stream, and named ports with resize', () => {
  for (const { bus, rings } of COMBINATIONS) {
    for (const ports of [[''], ['console', 'control', 'data']]) {
      const machine = new Machine();
      const output: string[] = [];
      const model = new ConsoleModel(machine.memory, {
        ports,
        columns: 80,
        rows: 25,
        queueSize: 16,
        host: { output: (port, bytes) => output.push(`${port}:${String.fromCharCode(...bytes)}`) },
      });
      const driver = ConsoleDriver.open(machine.plug(model, bus, rings), {
        ...common(machine, 'console0'),
        bufferBytes: 64,
        buffersPerPort: 4,
        portsMax: 3,
      })!;
      assert.ok(driver, JSON.stringify(machine.sink.faults));
      for (let i = 0; i < 8; i += 1) driver.poll();
      const last = ports.length - 1;
      const port = driver.port(last)!;
      assert.is(port.isOpen, true);
      assert.is(port.name, ports[last]);
      const text = new TextEncoder().encode('hello');
      assert.is(driver.write(port, text, 0, 5), 5);
      assert.equal(output, [`${last}:hello`]);
      const long = new Uint8Array(200).map((_, i) => i);
      assert.is(model.input(last, long), 200);
      const into = new Uint8Array(300);
      assert.is(driver.read(port, into, 0, 50), 50);
      assert.is(driver.read(port, into, 50, 250), 150);
      assert.equal(into.subarray(0, 200), long);
      model.resize(100, 40);
      driver.poll();
      driver.readSize();
      const main = driver.port(0)!;
      assert.equal([main.columns, main.rows], [100, 40]);
      assert.equal(machine.sink.faults, []);
    }
  }
});

test('entropy and balloon', () => {
  const machine = new Machine();
  const random = new SeededRandom(1);
  const source = {
    fill: (bytes: Uint8Array): void => {
      for (let i = 0; i < bytes.length; i += 1) bytes[i] = random.below(256);
    },
  };
  const rng = EntropyDriver.open(
    machine.plug(new EntropyModel(machine.memory, source), 'mmio2', full),
    common(machine, 'rng0'),
  )!;
  const bytes = new Uint8Array(1000);
  assert.ok(rng.fill(bytes));
  assert.ok(new Set(bytes).size > 200);

  const free = [0x10000, 0x11000, 0x12000, 0x13000];
  const pages = { takePage: () => free.pop() ?? -1, returnPage: (a: number) => void free.push(a) };
  const model = new BalloonModel(machine.memory);
  const balloon = BalloonDriver.open(machine.plug(model, 'pci-modern', plain), {
    ...common(machine, 'balloon0'),
    pages,
  })!;
  model.setWanted(3);
  assert.not.ok(balloon.adjust(100));
  assert.equal([...model.pages].sort(), [0x11, 0x12, 0x13]);
  assert.is(model.actualPages(), 3);
  model.setWanted(9);
  balloon.adjust(100);
  assert.is(model.actualPages(), 4);
  model.setWanted(1);
  balloon.adjust(100);
  assert.is(model.pages.size, 1);
  assert.is(free.length, 3);
  assert.ok(balloon.report([0x200000], [0x10000]));
  assert.is(model.reportedBytes, 0x10000);
  assert.equal(machine.sink.faults, []);
});

test('command line', () => {
  assert.equal(
    parseMmioCommandLine(
      'quiet virtio_mmio.device=512@0xfeb00e00:12 virtio_mmio.device=4K@0xd0000000:5:3 x',
    ),
    [
      { address: 0xfeb00e00, sizeBytes: 512, interrupt: 12 },
      { address: 0xd0000000, sizeBytes: 4096, interrupt: 5 },
    ],
  );
  for (const bad of [
    '',
    '4K',
    '4K@',
    '4K@0x10',
    '4K@0x10:',
    '@0x10:3',
    '4K@zz:3',
    '4K@0x1000:999',
    '1@0x1000:3',
    '4K@0xffffffffffffffff:3',
    '4K@0x1001:3',
  ]) {
    assert.equal(parseMmioCommandLine(`virtio_mmio.device=${bad}`), [], bad);
  }
  assert.is(pciDeviceType(0x1af4, 0x1041, 0), 1);
  assert.is(pciDeviceType(0x1af4, 0x1001, 2), 2);
  assert.is(pciDeviceType(0x8086, 0x1001, 2), 0);
});

test.run();
