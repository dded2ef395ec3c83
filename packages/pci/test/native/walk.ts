/** Runs in Node and compiled: enumeration, BARs, capabilities and MCFG over an emulated bus; both print the same. */
import {
  AddressWindow,
  assignBars,
  EmulatedBus,
  EmulatedFunction,
  EmulatedHostBridge,
  enumerate,
  FunctionConfig,
  functionId,
  functionName,
  openMsix,
  PortConfigAccess,
  parseMcfg,
  readBars,
  readCapabilities,
  readMsixCapability,
} from '../../src/index.js';

class Registers {
  readonly words: number[] = [];

  load8(_address: number): number {
    return 0;
  }

  load16(_address: number): number {
    return 0;
  }

  load32(_address: number): number {
    return 0;
  }

  store8(_address: number, _value: number): void {}

  store16(_address: number, _value: number): void {}

  store32(address: number, value: number): void {
    this.words.push(address);
    this.words.push(value);
  }
}

function card(deviceId: number): EmulatedFunction {
  return new EmulatedFunction({
    vendorId: 0x1af4,
    deviceId,
    subsystemVendorId: 0x1af4,
    subsystemId: 1,
    classCode: 0x020000,
    revision: 1,
    spaceBytes: 256,
  });
}

export function main(): void {
  const bus = new EmulatedBus(256);
  const bridge = card(1);
  bridge.makeBridge(2);
  bus.plug(functionId(0, 0, 1, 0), bridge);
  const net = card(0x1041);
  net.setMemoryBar(0, 0x1000, false);
  net.setMemoryBar(2, 0x100000000, true);
  net.setIoBar(5, 64);
  net.addCapability(9, new Uint8Array(14));
  net.addCapability(0x11, new Uint8Array([3, 0, 0, 8, 0, 0, 0, 12, 0, 0]));
  bus.plug(functionId(0, 2, 4, 0), net);
  const access = new PortConfigAccess(new EmulatedHostBridge(bus));
  const windows = {
    io: new AddressWindow(0x1000, 0x1000),
    memory32: new AddressWindow(0xe0000000, 0x1000000),
    memory64: new AddressWindow(0x800000000, 0x800000000),
  };
  for (const found of enumerate(access, { roots: [0], functionsMax: 64 }).functions) {
    console.log(`${functionName(found.id)} ${found.vendorId} ${found.deviceId} ${found.isBridge}`);
    const { bars, faults } = assignBars(access, found, windows);
    for (const bar of bars)
      console.log(`  bar ${bar.index} ${bar.kind} ${bar.address} ${bar.sizeBytes}`);
    for (const fault of faults) console.log(`  fault ${fault.kind} ${fault.detail}`);
    const config = new FunctionConfig(access, found.id);
    for (const capability of readCapabilities(config).capabilities) {
      console.log(`  capability ${capability.id} at ${capability.offset}`);
      if (capability.id !== 0x11) continue;
      const registers = new Registers();
      const msix = readMsixCapability(config, capability.offset);
      const { table } = openMsix(config, msix, readBars(config, 6).bars, registers);
      if (table?.route(2, { address: 0xfee01000, data: 0x41 }) === true) {
        console.log(`  routed ${registers.words.join(' ')}`);
      }
    }
  }
  // Random spaces: the walk ends and says the same in both worlds.
  let state = 1;
  let digest = 7;
  for (let round = 0; round < 300; round += 1) {
    const wild = card(2);
    for (let i = 4; i < 256; i += 1) {
      state = (state * 16807) % 0x7fffffff;
      wild.bytes[i] = state & 0xff;
      wild.writable[i] = (state >> 8) & 0xff;
    }
    const one = new EmulatedBus(256);
    one.plug(0, wild);
    const config = new FunctionConfig(one, 0);
    const list = readCapabilities(config);
    const { bars, faults } = readBars(config, 6);
    digest = (digest * 31 + list.capabilities.length) % 0x7fffffff;
    if (list.fault !== undefined) digest = (digest * 31 + list.fault.detail) % 0x7fffffff;
    for (const bar of bars) digest = (digest * 31 + (bar.sizeBytes % 0x7fffffff)) % 0x7fffffff;
    for (const fault of faults) digest = (digest * 31 + fault.detail) % 0x7fffffff;
    digest = (digest * 31 + parseMcfg(wild.bytes).regions.length) % 0x7fffffff;
  }
  console.log(`digest ${digest}`);
}
