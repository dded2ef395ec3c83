import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  AddressWindow,
  apicMessage,
  assignBars,
  BarKind,
  CapabilityId,
  EcamConfigAccess,
  EmulatedBus,
  EmulatedFunction,
  EmulatedHostBridge,
  enumerate,
  FunctionConfig,
  findCapability,
  functionId,
  functionName,
  openMsix,
  PciFaultKind,
  PortConfigAccess,
  parseMcfg,
  type RegisterIo,
  readBars,
  readCapabilities,
  readExtendedCapabilities,
  readMsixCapability,
} from '../src/index.js';

const test = suite('pci');

function card(spaceBytes = 256): EmulatedFunction {
  return new EmulatedFunction({
    vendorId: 0x1af4,
    deviceId: 0x1041,
    subsystemVendorId: 0x1af4,
    subsystemId: 0x1100,
    classCode: 0x020000,
    revision: 1,
    spaceBytes,
  });
}

class Memory implements RegisterIo {
  readonly view: DataView = new DataView(new ArrayBuffer(0x10000));
  constructor(readonly base: number) {}
  load8(a: number): number {
    return this.view.getUint8(a - this.base);
  }
  load16(a: number): number {
    return this.view.getUint16(a - this.base, true);
  }
  load32(a: number): number {
    return this.view.getUint32(a - this.base, true);
  }
  store8(a: number, v: number): void {
    this.view.setUint8(a - this.base, v);
  }
  store16(a: number, v: number): void {
    this.view.setUint16(a - this.base, v, true);
  }
  store32(a: number, v: number): void {
    this.view.setUint32(a - this.base, v, true);
  }
}

test('enumerates through the ports, behind bridges, multi-function', () => {
  const bus = new EmulatedBus(256);
  const bridge = card();
  bridge.makeBridge(5);
  bus.plug(functionId(0, 0, 3, 0), bridge);
  const first = card();
  first.setMultiFunction();
  bus.plug(functionId(0, 5, 1, 0), first);
  bus.plug(functionId(0, 5, 1, 7), card());
  const access = new PortConfigAccess(new EmulatedHostBridge(bus));
  const found = enumerate(access, { roots: [0], functionsMax: 64 });
  assert.equal(
    found.functions.map((f) => functionName(f.id)),
    ['0000:00:03.0', '0000:05:01.0', '0000:05:01.7'],
  );
  assert.is(found.functions[1].baseClass, 2);
  assert.is(found.functions[1].subsystemId, 0x1100);
  assert.is(found.faults.length, 0);
});

test('a bridge that leads back to its own bus is one fault, not a loop', () => {
  const bus = new EmulatedBus(256);
  for (let device = 0; device < 4; device += 1) {
    const bridge = card();
    bridge.makeBridge(device === 0 ? 9 : 9);
    bus.plug(functionId(0, 0, device, 0), bridge);
    bus.plug(functionId(0, 9, device, 0), bridge);
  }
  const found = enumerate(bus, { roots: [0], functionsMax: 64 });
  assert.is(found.functions.length, 8);
  assert.ok(found.faults.every((fault) => fault.kind === PciFaultKind.BusLoop));
});

test('a space that answers everywhere stops at the limit', () => {
  const all = card();
  all.setMultiFunction();
  const bus = new EmulatedBus(256);
  for (let id = 0; id < 0x10000; id += 1) bus.plug(id, all);
  const found = enumerate(bus, { roots: [0], functionsMax: 100 });
  assert.is(found.functions.length, 100);
  assert.is(found.faults[0].kind, PciFaultKind.TooManyFunctions);
});

test('BAR sizing: 32 bit, 64 bit, 8 GiB, I/O; old values restored', () => {
  const f = card();
  f.setMemoryBar(0, 0x1000, false);
  f.setMemoryBar(1, 0x4000, true);
  f.setMemoryBar(3, 0x200000000, true);
  f.setIoBar(5, 32);
  const bus = new EmulatedBus(256);
  bus.plug(8, f);
  const config = new FunctionConfig(bus, 8);
  config.write32(0x10, 0xfebf1000);
  config.write32(0x14, 0xc0000000);
  config.write32(0x18, 8);
  config.write16(4, 7);
  const { bars, faults } = readBars(config, 6);
  assert.is(faults.length, 0);
  assert.equal(
    bars.map((bar) => [bar.index, bar.kind, bar.address, bar.sizeBytes]),
    [
      [0, BarKind.Memory32, 0xfebf1000, 0x1000],
      [1, BarKind.Memory64, 0x8c0000000, 0x4000],
      [3, BarKind.Memory64, 0, 0x200000000],
      [5, BarKind.Io, 0, 32],
    ],
  );
  assert.is(config.read32(0x10), 0xfebf1000);
  assert.is(config.read16(4), 7);
});

test('assigns unassigned BARs, aligned, and says when a window is full', () => {
  const f = card();
  f.setMemoryBar(0, 0x4000, false);
  f.setMemoryBar(1, 0x1000, false);
  f.setMemoryBar(2, 0x100000, false);
  const bus = new EmulatedBus(256);
  bus.plug(0, f);
  const [target] = enumerate(bus, { roots: [0], functionsMax: 8 }).functions;
  const windows = {
    io: new AddressWindow(0x1000, 0x1000),
    memory32: new AddressWindow(0xe0001000, 0x10000),
    memory64: undefined,
  };
  const { bars, faults } = assignBars(bus, target, windows);
  assert.equal(
    bars.map((bar) => bar.address),
    [0xe0004000, 0xe0008000],
  );
  assert.is(f.barAddress(0), 0xe0004000);
  assert.is(faults[0].kind, PciFaultKind.NoWindow);
});

test('capabilities in order; MSI-X table routed inside its BAR only', () => {
  const f = card();
  f.addCapability(CapabilityId.VendorSpecific, new Uint8Array(14));
  // 4 entries, table in BAR 1 at 0x800, pending in BAR 1 at 0xc00.
  const at = f.addCapability(CapabilityId.Msix, new Uint8Array([3, 0, 1, 8, 0, 0, 1, 12, 0, 0]));
  f.writable[at + 3] = 0xc0;
  f.setMemoryBar(1, 0x1000, false);
  const bus = new EmulatedBus(256);
  bus.plug(0, f);
  const config = new FunctionConfig(bus, 0);
  config.write32(0x14, 0xe0000000);
  const { capabilities, fault } = readCapabilities(config);
  assert.is(fault, undefined);
  assert.equal(
    capabilities.map((c) => c.id),
    [9, 0x11],
  );
  const found = findCapability(capabilities, CapabilityId.Msix)!;
  const msix = readMsixCapability(config, found.offset);
  assert.is(msix.entryCount, 4);
  const memory = new Memory(0xe0000000);
  const { table } = openMsix(config, msix, readBars(config, 6).bars, memory);
  table!.enable();
  assert.is(memory.load32(0xe000080c), 1);
  assert.ok(table!.route(2, apicMessage(3, 0x41)));
  assert.not.ok(table!.route(4, apicMessage(3, 0x41)));
  assert.is(memory.load32(0xe0000820), 0xfee03000);
  assert.is(memory.load32(0xe0000828), 0x41);
  assert.is(memory.load32(0xe000082c), 0);
  assert.is(config.read16(at + 2) & 0xc000, 0x8000);
  const short = openMsix(config, { ...msix, tableOffset: 0xff8 }, readBars(config, 6).bars, memory);
  assert.is(short.fault!.kind, PciFaultKind.MsixBounds);
});

test('capability loops and pointers into the header end the walk', () => {
  const f = card();
  const a = f.addCapability(9, new Uint8Array(2));
  const b = f.addCapability(9, new Uint8Array(2));
  f.bytes[b + 1] = a;
  const bus = new EmulatedBus(256);
  bus.plug(0, f);
  const config = new FunctionConfig(bus, 0);
  assert.is(readCapabilities(config).fault!.kind, PciFaultKind.CapabilityLoop);
  assert.is(readCapabilities(config).capabilities.length, 2);
  f.bytes[b + 1] = 0x20;
  assert.is(readCapabilities(config).fault!.kind, PciFaultKind.CapabilityOutOfBounds);
});

test('ECAM reaches 4 KiB, extended capabilities, nothing outside the window', () => {
  const memory = new Memory(0xb0000000);
  const ecam = new EcamConfigAccess(memory, [
    { base: 0xb0000000, segment: 0, firstBus: 0, lastBus: 0 },
  ]);
  memory.store32(0xb0008100, 0x14010001);
  memory.store32(0xb0008140, 0x00010003);
  const config = new FunctionConfig(ecam, 8);
  assert.equal(readExtendedCapabilities(config).capabilities, [
    { id: 1, offset: 0x100 },
    { id: 3, offset: 0x140 },
  ]);
  memory.store32(0xb0008140, 0x10010003);
  assert.is(readExtendedCapabilities(config).fault!.kind, PciFaultKind.CapabilityLoop);
  assert.is(ecam.read32(functionId(0, 1, 0, 0), 0), 0xffffffff);
  assert.is(ecam.read16(functionId(1, 0, 0, 0), 0), 0xffff);
});

test('MCFG: entries read, a lying length refused', () => {
  const table = new Uint8Array(76);
  const view = new DataView(table.buffer);
  view.setUint32(0, 0x4746434d, true);
  view.setUint32(4, 76, true);
  view.setUint32(44, 0xb0000000, true);
  view.setUint8(44 + 11, 255);
  view.setUint32(60 + 4, 0xffffffff, true);
  const parsed = parseMcfg(table);
  assert.equal(parsed.regions, [{ base: 0xb0000000, segment: 0, firstBus: 0, lastBus: 255 }]);
  assert.is(parsed.fault!.kind, PciFaultKind.McfgMalformed);
  view.setUint32(4, 1000, true);
  assert.is(parseMcfg(table).regions.length, 0);
});

test.run();
