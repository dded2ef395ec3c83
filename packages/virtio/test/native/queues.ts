/**
 * Runs in Node and compiled: one seeded script through both ring formats and the devices, printing a digest of all that
 * happened. The two worlds must print the same.
 */
import {
  AddResult,
  ALL_RING_FEATURES,
  ArrayMemory,
  ArrayStorage,
  BlockDriver,
  BlockModel,
  BufferList,
  BumpAllocator,
  Completion,
  DeviceChain,
  DeviceCore,
  type DeviceQueue,
  type DriverQueue,
  EntropyDriver,
  EntropyModel,
  FEATURE_EVENT_INDEX,
  FEATURE_IN_ORDER,
  FEATURE_INDIRECT,
  FEATURE_PACKED,
  Features,
  MmioDevice,
  MmioTransport,
  NetDriver,
  NetModel,
  NoWaiter,
  PackedDeviceQueue,
  PackedDriverQueue,
  PciLegacyDevice,
  PciLegacyTransport,
  parseMmioCommandLine,
  SplitDeviceQueue,
  SplitDriverQueue,
  TakeResult,
  type VirtioFault,
} from '../../src/index.js';

class Digest {
  value = 5381;

  add(word: number): void {
    this.value = ((this.value % 0x7ffffff) * 33 + (word % 0x7fffffff)) % 0x7fffffff;
  }

  text(words: string): void {
    for (let i = 0; i < words.length; i += 1) this.add(words.charCodeAt(i));
  }
}

class Sink {
  readonly digest: Digest;

  constructor(digest: Digest) {
    this.digest = digest;
  }

  fault(fault: VirtioFault): void {
    this.digest.text(fault.kind);
    this.digest.text(fault.where);
    this.digest.add(fault.detail);
  }
}

class Random {
  #state = 12345;

  below(bound: number): number {
    this.#state = (this.#state * 16807) % 0x7fffffff;
    return this.#state % bound;
  }
}

class SeededSource {
  readonly #random: Random = new Random();

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = this.#random.below(256);
  }
}

const BASE = 0x100000;

function runQueues(packed: boolean, inOrder: boolean, indirect: boolean, digest: Digest): void {
  const memory = new ArrayMemory(BASE, new Uint8Array(0x40000));
  const sink = new Sink(digest);
  const options = {
    memory,
    sink,
    name: 'queue',
    size: 16,
    indirect,
    eventIndex: true,
    inOrder,
    firstIndex: 65530,
    allocator: new BumpAllocator(memory, BASE, 0x20000),
    indirectMax: 4,
    alignment: 64,
  };
  const driver: DriverQueue | undefined = packed
    ? PackedDriverQueue.create(options)
    : SplitDriverQueue.create(options);
  if (driver === undefined) return;
  const device: DeviceQueue = packed
    ? new PackedDeviceQueue(options, driver.addresses)
    : new SplitDeviceQueue(options, driver.addresses);
  const random = new Random();
  const list = new BufferList();
  const completion = new Completion();
  const held: DeviceChain[] = [];
  for (let step = 0; step < 3000; step += 1) {
    const what = random.below(4);
    if (what === 0) {
      list.clear();
      const readable = random.below(3);
      for (let i = 0; i < readable; i += 1) list.addReadable(BASE + 0x20000 + i * 16, 16);
      const writable = random.below(3);
      for (let i = 0; i < writable; i += 1) list.addWritable(BASE + 0x21000 + i * 16, 16);
      const result = driver.add(list, step);
      digest.add(result);
      if (result === AddResult.Added && driver.publish()) digest.add(77);
    } else if (what === 1) {
      const chain = new DeviceChain();
      if (device.take(chain) === TakeResult.Taken) held.push(chain);
      else if (device.enableNotifications()) digest.add(78);
    } else if (what === 2 && held.length > 0) {
      const at = random.below(held.length);
      const chain = held[at];
      held.splice(at, 1);
      device.complete(chain, random.below(chain.writableBytes + 1));
      if (device.publish()) digest.add(79);
    } else if (driver.poll(completion)) {
      digest.add(completion.token);
      digest.add(completion.writtenBytes);
    } else if (driver.enableInterrupts()) digest.add(80);
  }
  digest.add(driver.freeCount());
}

function ringFeatures(packed: boolean): Features {
  const bits = [FEATURE_INDIRECT, FEATURE_EVENT_INDEX, FEATURE_IN_ORDER];
  if (packed) bits.push(FEATURE_PACKED);
  return Features.of(bits);
}

function runBlock(packed: boolean, digest: Digest): void {
  const memory = new ArrayMemory(BASE, new Uint8Array(0x100000));
  const sink = new Sink(digest);
  const storage = new ArrayStorage(new Uint8Array(0x20000), false);
  const model = new BlockModel(storage, memory, 2, 16);
  const core = new DeviceCore(model, {
    name: 'disk',
    memory,
    sink,
    line: { raise: (vector: number): void => digest.add(vector) },
    ringFeatures: ringFeatures(packed),
    isLegacy: false,
  });
  model.attach(core);
  const transport = MmioTransport.open(new MmioDevice(core), 'blk0', sink);
  if (transport === undefined) return;
  const disk = BlockDriver.open(transport, {
    name: 'blk0',
    memory,
    sink,
    allocator: new BumpAllocator(memory, BASE + 0x1000, 0xf0000),
    rings: ALL_RING_FEATURES,
    waiter: new NoWaiter(),
    queueCountMax: 2,
    queueSizeMax: 16,
    slotCount: 4,
    slotBytes: 2048,
    addressOf: (_bytes: Uint8Array): number => -1,
  });
  if (disk === undefined) return;
  const random = new Random();
  for (let round = 0; round < 50; round += 1) {
    const bytes = new Uint8Array(512 * (1 + random.below(20)));
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = random.below(256);
    const offsetBytes = 512 * random.below(200);
    digest.text(disk.wait(disk.submit([{ kind: 'write', offsetBytes, bytes }, { kind: 'flush' }])));
  }
  const back = new Uint8Array(0x20000);
  digest.text(disk.wait(disk.submit([{ kind: 'read', offsetBytes: 0, bytes: back }])));
  for (let i = 0; i < back.length; i += 1) digest.add(back[i]);
  digest.text(disk.wait(disk.submit([{ kind: 'read', offsetBytes: 0x20000, bytes: back }])));
}

function runNet(digest: Digest): void {
  const memory = new ArrayMemory(BASE, new Uint8Array(0x100000));
  const sink = new Sink(digest);
  const frames: Uint8Array[] = [];
  const model = new NetModel(memory, {
    mac: new Uint8Array([2, 0, 0, 0, 0, 1]),
    mtu: 1500,
    pairs: 1,
    queueSize: 32,
    mergeBuffers: true,
    peer: {
      frame: (_header: Uint8Array, frame: Uint8Array): void => {
        frames.push(frame);
      },
    },
  });
  const core = new DeviceCore(model, {
    name: 'net',
    memory,
    sink,
    line: { raise: (vector: number): void => digest.add(vector) },
    ringFeatures: ringFeatures(false),
    isLegacy: true,
  });
  model.attach(core);
  const transport = new PciLegacyTransport(new PciLegacyDevice(core, 0), 1, false);
  const net = NetDriver.open(transport, {
    name: 'net0',
    memory,
    sink,
    allocator: new BumpAllocator(memory, BASE + 0x1000, 0xf0000),
    rings: ALL_RING_FEATURES,
    waiter: new NoWaiter(),
    pairsMax: 1,
    receiveBuffers: 8,
    transmitBuffers: 8,
    largeBuffers: 1,
    acceptLargeReceive: true,
    fallbackMac: new Uint8Array(6),
  });
  if (net === undefined) return;
  const offload = {
    needsChecksum: false,
    checksumStart: 0,
    checksumOffset: 0,
    segmentBytes: 0,
    headerBytes: 0,
  };
  for (let round = 0; round < 100; round += 1) {
    const bytes = 60 + ((round * 131) % 1400);
    const frame = net.reserve(bytes);
    if (frame === undefined) break;
    frame.fill(round);
    net.commit(bytes, offload);
    net.flush();
    for (const sent of frames) model.deliver(0, sent);
    frames.length = 0;
    const back = net.receive();
    if (back === undefined) break;
    digest.add(back.length);
    digest.add(back[back.length - 1]);
    net.refill();
  }
}

function runEntropy(digest: Digest): void {
  const memory = new ArrayMemory(BASE, new Uint8Array(0x10000));
  const sink = new Sink(digest);
  const model = new EntropyModel(memory, new SeededSource());
  const core = new DeviceCore(model, {
    name: 'rng',
    memory,
    sink,
    line: { raise: (_vector: number): void => {} },
    ringFeatures: ringFeatures(true),
    isLegacy: false,
  });
  model.attach(core);
  const transport = MmioTransport.open(new MmioDevice(core), 'rng0', sink);
  if (transport === undefined) return;
  const rng = EntropyDriver.open(transport, {
    name: 'rng0',
    memory,
    sink,
    allocator: new BumpAllocator(memory, BASE + 0x1000, 0xf000),
    rings: ALL_RING_FEATURES,
    waiter: new NoWaiter(),
  });
  const bytes = new Uint8Array(300);
  if (rng === undefined || !rng.fill(bytes)) digest.add(99);
  for (let i = 0; i < bytes.length; i += 1) digest.add(bytes[i]);
}

export function main(): void {
  const digest = new Digest();
  for (const packed of [false, true]) {
    for (const inOrder of [false, true]) {
      for (const indirect of [false, true]) {
        runQueues(packed, inOrder, indirect, digest);
        console.log(`queues ${digest.value}`);
      }
    }
    runBlock(packed, digest);
    console.log(`block ${digest.value}`);
  }
  runNet(digest);
  console.log(`net ${digest.value}`);
  runEntropy(digest);
  console.log(`entropy ${digest.value}`);
  for (const slot of parseMmioCommandLine('a virtio_mmio.device=4K@0xd0000000:5 b')) {
    console.log(`slot ${slot.address} ${slot.sizeBytes} ${slot.interrupt}`);
  }
}
