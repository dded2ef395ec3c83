/** Runs in Node and compiled: store, block and net, front against back; both print the same. */
import {
  BlockBack,
  BlockFront,
  NetBack,
  NetFront,
  store53,
  TimeRecord,
  ToolstackControl,
} from '../../src/index.js';
import { ModelXen } from '../../src/testing/index.js';

class Digest {
  value = 5381;

  add(word: number): void {
    this.value = ((this.value % 0x7ffffff) * 33 + (word % 0x7fffffff)) % 0x7fffffff;
  }

  text(words: string): void {
    for (let i = 0; i < words.length; i += 1) this.add(words.charCodeAt(i));
  }
}

class Storage {
  readonly sizeBytes = 0x40000;
  readonly readOnly = false;
  readonly bytes: Uint8Array = new Uint8Array(0x40000);

  read(offset: number, into: Uint8Array): boolean {
    into.set(this.bytes.subarray(offset, offset + into.length));
    return true;
  }

  write(offset: number, from: Uint8Array): boolean {
    this.bytes.set(from, offset);
    return true;
  }

  discard(offset: number, bytes: number): boolean {
    this.bytes.fill(0, offset, offset + bytes);
    return true;
  }

  flush(): boolean {
    return true;
  }
}

function runBlock(version: number, persistent: boolean, digest: Digest): void {
  const xen = new ModelXen({ memoryPages: 512, grantVersion: version, grantEntries: 512 });
  const { front, back } = xen.addDevice('vbd', 51712);
  const backend = new BlockBack(xen.backend(xen.memory), {
    path: back,
    storage: new Storage(),
    ringOrderMax: 1,
    indirectSegmentsMax: 32,
    offerPersistentGrants: persistent,
  });
  backend.start();
  xen.onWait = (): boolean => {
    backend.poll();
    return true;
  };
  const disk = BlockFront.open(xen.frontend(xen.memory), {
    path: front,
    ringOrderMax: 1,
    slotCount: 4,
    pagesPerSlot: 14,
    usePersistentGrants: persistent,
  });
  if (disk === undefined) {
    digest.add(1);
    return;
  }
  let state = 17;
  for (let round = 0; round < 40; round += 1) {
    state = (state * 16807) % 0x7fffffff;
    const bytes = new Uint8Array(512 * (1 + (state % 150)));
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = (state + i * 7) & 0xff;
    const offsetBytes = 512 * (state % 300);
    digest.text(disk.wait(disk.submit([{ kind: 'write', offsetBytes, bytes }, { kind: 'flush' }])));
  }
  const all = new Uint8Array(0x40000);
  digest.text(disk.wait(disk.submit([{ kind: 'read', offsetBytes: 0, bytes: all }])));
  for (let i = 0; i < all.length; i += 1) digest.add(all[i]);
  disk.close();
  digest.add(xen.grants.usedCount());
  digest.add(xen.pages.usedCount);
  for (const fault of xen.sink.faults) console.log(`${fault.kind} ${fault.where} ${fault.detail}`);
}

function runNet(digest: Digest): void {
  const xen = new ModelXen({ memoryPages: 1024, grantVersion: 2, grantEntries: 1024 });
  const { front, back } = xen.addDevice('vif', 0);
  const frames: Uint8Array[] = [];
  const backend = new NetBack(xen.backend(xen.memory), {
    path: back,
    queueCountMax: 2,
    peer: {
      frame: (queue: number, frame: Uint8Array, isBlank: boolean, segmentBytes: number): void => {
        digest.add(queue + segmentBytes + (isBlank ? 1 : 0));
        frames.push(frame.slice());
      },
    },
  });
  backend.start();
  xen.onWait = (): boolean => {
    backend.poll();
    return true;
  };
  const net = NetFront.open(xen.frontend(xen.memory), {
    path: front,
    queueCountMax: 2,
    receiveBuffers: 32,
    transmitBuffers: 32,
    mtu: 1500,
  });
  if (net === undefined) {
    digest.add(2);
    return;
  }
  for (let round = 0; round < 100; round += 1) {
    const bytes = round % 9 === 8 ? 30000 + round : 60 + round * 13;
    net.selectQueue(round);
    const frame = net.reserve(bytes);
    if (frame === undefined) break;
    frame.fill(round);
    net.commit(bytes, { needsChecksum: bytes > 1514, segmentBytes: bytes > 1514 ? 1448 : 0 });
    net.flush();
    backend.poll();
    for (const sent of frames)
      backend.deliver(round % 2, sent, false, sent.length > 1514 ? 1448 : 0);
    frames.length = 0;
    const got = net.receive();
    if (got === undefined) break;
    digest.add(got.length);
    digest.add(got[got.length - 1]);
    net.refill();
  }
  net.close();
  digest.add(xen.grants.usedCount());
  for (const fault of xen.sink.faults) console.log(`${fault.kind} ${fault.where} ${fault.detail}`);
}

export function main(): void {
  const digest = new Digest();
  for (const version of [1, 2]) {
    for (const persistent of [false, true]) {
      runBlock(version, persistent, digest);
      console.log(`block ${digest.value}`);
    }
  }
  runNet(digest);
  console.log(`net ${digest.value}`);
  const xen = new ModelXen({ memoryPages: 64, grantVersion: 1, grantEntries: 64 });
  const store = xen.client(1);
  const control = ToolstackControl.open(store);
  xen.store.set('/local/domain/1/control/shutdown', 'poweroff');
  if (control !== undefined) console.log(`${control.takeShutdown()} ${control.takeShutdown()}`);
  for (let event = store.nextEvent(); event !== undefined; event = store.nextEvent()) {
    console.log(`${event.path} ${event.token}`);
  }
  store53(xen.memory, 0x102000 + 8, 1000);
  xen.memory.store32(0x102000 + 24, 0x80000000);
  const time = new TimeRecord();
  console.log(`${time.read(xen.memory, 0x102000)} ${time.nowNs(4001000n)}`);
}
