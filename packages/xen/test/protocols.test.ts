import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ArrayMemory,
  callbackVector,
  consoleLink,
  encodeAddToPhysmap,
  encodeBindInterdomain,
  encodeHvmParameter,
  encodeMapGrant,
  encodeReservation,
  encodeStoreMessage,
  FIFO_LINK_MASK,
  FIFO_LINKED,
  FIFO_MASKED,
  FIFO_PENDING,
  FifoEvents,
  findXen,
  GrantTable,
  isStorePath,
  load53,
  PhysmapSpace,
  PVH_MAGIC,
  parseMac,
  parsePvhStartInfo,
  readWallClockNs,
  StoreMessage,
  store53,
  TimeRecord,
  ToolstackControl,
  TwoLevelEvents,
} from '../src/index.js';
import { ModelXen, SeededRandom } from '../src/testing/index.js';

const test = suite('xen protocols');
const BASE = 0x1000;

function memoryOf(bytes = 0x10000): ArrayMemory {
  return new ArrayMemory(BASE, new Uint8Array(bytes));
}

test('start info: command line, modules, memory map; pointers outside memory are left out', () => {
  const memory = memoryOf();
  const at = BASE + 0x100;
  assert.is(parsePvhStartInfo(memory, at), undefined);
  memory.store32(at, PVH_MAGIC);
  memory.store32(at + 4, 1);
  memory.store32(at + 12, 1);
  store53(memory, at + 16, BASE + 0x200);
  store53(memory, at + 24, BASE + 0x300);
  store53(memory, at + 32, 0xe0000);
  store53(memory, at + 40, BASE + 0x400);
  memory.store32(at + 48, 2);
  store53(memory, BASE + 0x200, 0x200000);
  store53(memory, BASE + 0x208, 4096);
  store53(memory, BASE + 0x210, BASE + 0x308);
  memory.copyIn(BASE + 0x300, new TextEncoder().encode('a=1 b=2\0module\0'), 0, 15);
  store53(memory, BASE + 0x408, 0xa0000);
  memory.store32(BASE + 0x410, 1);
  store53(memory, BASE + 0x418, 0x100000);
  store53(memory, BASE + 0x420, 0x700000);
  memory.store32(BASE + 0x428, 1);
  assert.equal(parsePvhStartInfo(memory, at), {
    version: 1,
    commandLine: 'a=1 b=2',
    rsdpAddress: 0xe0000,
    modules: [{ address: 0x200000, sizeBytes: 4096, commandLine: 'module' }],
    memoryMap: [
      { address: 0, sizeBytes: 0xa0000, type: 1 },
      { address: 0x100000, sizeBytes: 0x700000, type: 1 },
    ],
  });
  memory.store32(at + 20, 0xffffffff);
  memory.store32(at + 44, 0x10000);
  const lying = parsePvhStartInfo(memory, at)!;
  assert.equal([lying.modules, lying.memoryMap], [[], []]);
  assert.is(parsePvhStartInfo(memory, BASE + 0xfff0), undefined);
});

test('cpuid: Xen found behind another hypervisor', () => {
  const none = { eax: 0, ebx: 0, ecx: 0, edx: 0 };
  assert.is(findXen({ read: () => none }), undefined);
  const xen = findXen({
    read: (leaf) => {
      if (leaf === 0x40000100)
        return { eax: 0x40000105, ebx: 0x566e6558, ecx: 0x65584d4d, edx: 0x4d4d566e };
      if (leaf === 0x40000101) return { ...none, eax: 0x40011 };
      if (leaf === 0x40000102) return { ...none, eax: 1, ebx: 0x40000200 };
      return leaf === 0x40000104 ? { ...none, eax: 0x18, ecx: 7 } : none;
    },
  })!;
  assert.equal(xen, {
    baseLeaf: 0x40000100,
    majorVersion: 4,
    minorVersion: 17,
    hypercallPages: 1,
    hypercallMsr: 0x40000200,
    hasVcpuId: true,
    domainId: 7,
  });
});

test('clock: scaled differences, whole records only, wall time', () => {
  const memory = memoryOf();
  const at = BASE + 32;
  const record = new TimeRecord();
  memory.store32(at, 4);
  store53(memory, at + 8, 1000000);
  store53(memory, at + 16, 5000000000);
  memory.store32(at + 24, 0x80000000);
  memory.store8(at + 28, 0xff);
  assert.ok(record.read(memory, at));
  // shift -1 and multiplier 1/2: a quarter nanosecond a tick.
  assert.is(record.nowNs(1000000n + 4000n), 5000001000n);
  assert.is(record.nowNs(999999n), 5000000000n);
  // 2^60 ticks: 96 bits in between.
  assert.is(record.nowNs(1000000n + (1n << 60n)), 5000000000n + (1n << 58n));
  memory.store8(at + 28, 100);
  assert.ok(record.read(memory, at));
  record.nowNs(2000000n);
  memory.store32(at, 5);
  assert.not.ok(record.read(memory, at));
  store53(memory, BASE + 0xc00, 2);
  memory.store32(BASE + 0xc04, 1700000000);
  memory.store32(BASE + 0xc08, 5);
  memory.store32(BASE + 0xc0c, 0);
  assert.is(readWallClockNs(memory, BASE), 1700000000000000005n);
});

test('hypercall structures have the ABI layout', () => {
  const memory = memoryOf();
  encodeAddToPhysmap(memory, BASE, PhysmapSpace.GrantTable, 3, 0x12345);
  assert.equal(
    [
      memory.load16(BASE),
      memory.load32(BASE + 4),
      load53(memory, BASE + 8),
      load53(memory, BASE + 16),
    ],
    [0x7ff0, 1, 3, 0x12345],
  );
  encodeReservation(memory, BASE, 0x5000, 2);
  assert.equal(
    [load53(memory, BASE), load53(memory, BASE + 8), memory.load16(BASE + 24)],
    [0x5000, 2, 0x7ff0],
  );
  encodeBindInterdomain(memory, BASE, 0, 9);
  assert.equal([memory.load16(BASE), memory.load32(BASE + 4)], [0, 9]);
  encodeMapGrant(memory, BASE, 0x200000, 2, 77, 3);
  assert.equal(
    [memory.load32(BASE + 8), memory.load32(BASE + 12), memory.load16(BASE + 16)],
    [2, 77, 3],
  );
  const { low, high } = callbackVector(0xf3);
  encodeHvmParameter(memory, BASE, 0, low, high);
  assert.equal([memory.load32(BASE + 8), memory.load32(BASE + 12)], [0xf3, 0x02000000]);
  assert.equal(
    [...encodeStoreMessage(StoreMessage.Read, 5, 0, 'ab\0')],
    [2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 97, 98, 0],
  );
});

test('two-level events: each raised event is handled once, masked ones wait, the limit holds', () => {
  const memory = memoryOf();
  const events = new TwoLevelEvents(memory, BASE, 1);
  const raise = (port: number): void => {
    const word = BASE + 0x800 + Math.trunc(port / 32) * 4;
    memory.store32(word, (memory.load32(word) | (1 << (port & 31))) >>> 0);
    const selector = BASE + 64 + 8 + (port >= 2048 ? 4 : 0);
    memory.store32(selector, (memory.load32(selector) | (1 << (Math.trunc(port / 64) & 31))) >>> 0);
    memory.store8(BASE + 64, 1);
  };
  const random = new SeededRandom(9);
  for (let round = 0; round < 200; round += 1) {
    const ports = new Set<number>();
    for (let i = random.below(20); i >= 0; i -= 1) ports.add(random.below(4096));
    for (const port of ports) raise(port);
    const masked = [...ports][0];
    events.mask(masked);
    const seen: number[] = [];
    let drains = 0;
    while (events.drain({ event: (port) => seen.push(port) }, 3)) assert.ok((drains += 1) < 100);
    assert.equal(
      seen.sort((a, b) => a - b),
      [...ports].filter((p) => p !== masked).sort((a, b) => a - b),
    );
    assert.ok(events.unmask(masked));
    events.clear(masked);
  }
  // An event raised by its own handler is a new one.
  raise(5);
  let count = 0;
  const again = {
    event: (): void => {
      count += 1;
      if (count < 3) raise(5);
    },
  };
  while (events.drain(again, 10)) {}
  assert.is(count, 3);
});

test('FIFO events: order within a priority, priorities first, links checked', () => {
  const memory = memoryOf();
  const control = BASE + 0x2000;
  const events = new FifoEvents(memory, control);
  events.pages.push(BASE + 0x3000, BASE + 0x4000);
  const word = (port: number): number => BASE + 0x3000 + port * 4;
  const tails = new Map<number, number>();
  // What Xen does: set PENDING; if not linked and not masked, link behind the tail and mark the queue ready.
  const raise = (port: number, priority: number): void => {
    let bits = memory.load32(word(port)) | FIFO_PENDING;
    if ((bits & (FIFO_MASKED | FIFO_LINKED)) === 0) {
      bits |= FIFO_LINKED;
      memory.store32(word(port), bits >>> 0);
      const tail = tails.get(priority);
      if (tail !== undefined && (memory.load32(word(tail)) & FIFO_LINKED) !== 0) {
        memory.store32(word(tail), ((memory.load32(word(tail)) & ~FIFO_LINK_MASK) | port) >>> 0);
      } else memory.store32(control + 8 + priority * 4, port);
      tails.set(priority, port);
      memory.store32(control, memory.load32(control) | (1 << priority));
    } else memory.store32(word(port), bits >>> 0);
  };
  for (const port of [10, 11, 1500]) raise(port, 7);
  raise(20, 0);
  const seen: number[] = [];
  const handler = { event: (port: number): void => void seen.push(port) };
  while (events.drain(handler, 2)) {}
  assert.equal(seen, [20, 10, 11, 1500]);
  events.mask(10);
  raise(10, 7);
  while (events.drain(handler, 2)) {}
  assert.is(seen.length, 4);
  assert.ok(events.unmask(10));
  memory.store32(control + 8 + 7 * 4, 0x1ffff);
  memory.store32(control, 1 << 7);
  assert.not.ok(events.drain(handler, 100));
  memory.store32(word(30), (FIFO_PENDING | FIFO_LINKED | 30) >>> 0);
  memory.store32(control + 8 + 7 * 4, 30);
  memory.store32(control, 1 << 7);
  events.drain(handler, 100);
});

test('grants: published whole, revoked only when let go, both versions', () => {
  for (const version of [1, 2]) {
    const memory = memoryOf();
    const grants = new GrantTable(memory, version, BASE, BASE + 0x4000, 64);
    const ref = grants.grant(3, 0x777, true);
    assert.is(ref, 8);
    const entry = BASE + ref * (version === 1 ? 8 : 16);
    assert.equal([memory.load16(entry), memory.load16(entry + 2)], [5, 3]);
    assert.is(version === 1 ? memory.load32(entry + 4) : load53(memory, entry + 8), 0x777);
    const status = version === 1 ? entry : BASE + 0x4000 + ref * 2;
    memory.store16(status, memory.load16(status) | 8);
    assert.not.ok(grants.revoke(ref));
    assert.is(memory.load16(entry) & 5, 5);
    memory.store16(status, memory.load16(status) & ~8);
    assert.ok(grants.revoke(ref));
    assert.not.ok(grants.revoke(ref));
    assert.is(memory.load16(entry), 0);
    const all: number[] = [];
    for (let i = 8; i < 64; i += 1) all.push(grants.grant(0, i, false));
    assert.is(grants.grant(0, 1, false), -1);
    assert.is(new Set(all).size, 56);
    for (const one of all) assert.ok(grants.revoke(one));
    assert.is(grants.usedCount(), 0);
  }
});

test('console ring carries bytes both ways across its wrap', () => {
  const memory = memoryOf();
  const guest = consoleLink(memory, BASE, false);
  const host = consoleLink(memory, BASE, true);
  memory.store32(BASE + 3080, 0xfffffff0);
  memory.store32(BASE + 3084, 0xfffffff0);
  let sent = 0;
  let got = 0;
  const chunk = new Uint8Array(700);
  const into = new Uint8Array(999);
  while (got < 20000) {
    for (let i = 0; i < chunk.length; i += 1) chunk[i] = (sent + i) & 0xff;
    sent += guest.outgoing.write(chunk, 0, chunk.length);
    const count = host.incoming.read(into, 0, into.length);
    for (let i = 0; i < count; i += 1) assert.is(into[i], (got + i) & 0xff);
    got += count;
  }
  memory.store32(BASE + 3084, memory.load32(BASE + 3080) + 5000);
  assert.is(host.incoming.read(into, 0, 10), 0);
  assert.ok(host.incoming.isBroken);
});

test('toolstack: shutdown request taken once, target read, status written', () => {
  const xen = new ModelXen({ memoryPages: 64, grantVersion: 1, grantEntries: 64 });
  const control = ToolstackControl.open(xen.client(1))!;
  assert.is(control.takeShutdown(), 'none');
  xen.store.set('/local/domain/1/control/shutdown', 'reboot');
  assert.is(control.takeShutdown(), 'reboot');
  assert.is(control.takeShutdown(), 'none');
  assert.is(control.memoryTargetKib(), -1);
  xen.store.set('/local/domain/1/memory/target', '65536');
  assert.is(control.memoryTargetKib(), 65536);
  assert.ok(control.reportStatus(7));
  assert.is(xen.store.get('/local/domain/1/data/tessera/status'), '7');
  assert.equal(
    [
      isStorePath('/a/b-c_d@e'),
      isStorePath('a//b'),
      isStorePath('/a/'),
      isStorePath('a b'),
      isStorePath(''),
    ],
    [true, false, false, false, false],
  );
  assert.is(parseMac('00:16:3e:0:00'), undefined);
});

test.run();
