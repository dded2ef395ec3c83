/**
 * A kernel of drivers only: finds its virtio devices and uses each once. The command line says which ring features to
 * accept: `rings=` and any of p (packed), i (indirect), e (event index). Used by machine.boot.test.ts.
 */
import {
  clockCalibrate,
  clockStart,
  powerFind,
  powerOff,
  readBootInformation,
  readPageTableRoot,
  virtualToPhysical,
} from '@tessera/machine';
import { DirectMemory, PageTable } from '@tessera/mm';
import { createAllocator, growHeapFrom } from '@tessera/mm/kernel';
import { portConfigAccess } from '@tessera/pci/kernel';
import {
  BlockDriver,
  ConsoleDriver,
  DeviceType,
  type DmaAllocator,
  EntropyDriver,
  FEATURE_EVENT_INDEX,
  FEATURE_INDIRECT,
  FEATURE_PACKED,
  type Features,
  type GuestMemory,
  NetDriver,
  NinePClient,
  NinePDriver,
  type RingPreference,
  type Transport,
  type VirtioFault,
} from '../../src/index.js';
import {
  DirectGuestMemory,
  FrameDmaAllocator,
  findMmioDevices,
  findPciDevices,
  SpinningWaiter,
} from '../../src/kernel/index.js';

class Log {
  fault(fault: VirtioFault): void {
    console.log(`FAULT ${fault.kind} ${fault.where} ${fault.detail}`);
  }
}

interface Common {
  readonly name: string;
  readonly memory: GuestMemory;
  readonly allocator: DmaAllocator;
  readonly sink: Log;
  readonly rings: RingPreference;
  readonly waiter: SpinningWaiter;
}

function featureWords(features: Features): string {
  let words = features.has(FEATURE_PACKED) ? 'packed' : 'split';
  if (features.has(FEATURE_INDIRECT)) words += ' indirect';
  if (features.has(FEATURE_EVENT_INDEX)) words += ' event-index';
  return words;
}

function useBlock(transport: Transport, common: Common): void {
  const disk = BlockDriver.open(transport, {
    name: common.name,
    memory: common.memory,
    allocator: common.allocator,
    sink: common.sink,
    rings: common.rings,
    waiter: common.waiter,
    queueCountMax: 1,
    queueSizeMax: 64,
    slotCount: 8,
    slotBytes: 4096,
    addressOf: (_bytes: Uint8Array): number => -1,
  });
  if (disk === undefined) return;
  console.log(`block ${disk.sizeBytes} bytes, ${featureWords(disk.session.features)}`);
  const first = new Uint8Array(512);
  console.log(
    `block read ${disk.wait(disk.submit([{ kind: 'read', offsetBytes: 0, bytes: first }]))}`,
  );
  let text = '';
  for (let i = 0; i < 16; i += 1) text += String.fromCharCode(first[i]);
  console.log(`block first ${text}`);
  const bytes = new Uint8Array(64 * 1024);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = (i * 13 + 7) & 0xff;
  const written = disk.submit([{ kind: 'write', offsetBytes: 65536, bytes }, { kind: 'flush' }]);
  console.log(`block write ${disk.wait(written)}`);
  const back = new Uint8Array(64 * 1024);
  console.log(
    `block again ${disk.wait(disk.submit([{ kind: 'read', offsetBytes: 65536, bytes: back }]))}`,
  );
  let same = true;
  for (let i = 0; i < bytes.length; i += 1) if (bytes[i] !== back[i]) same = false;
  console.log(`block equal ${same}`);
}

const GATEWAY = 0x0a000202;
const ADDRESS = 0x0a00020f;

function useNet(transport: Transport, common: Common): void {
  const net = NetDriver.open(transport, {
    name: common.name,
    memory: common.memory,
    allocator: common.allocator,
    sink: common.sink,
    rings: common.rings,
    waiter: common.waiter,
    pairsMax: 1,
    receiveBuffers: 32,
    transmitBuffers: 16,
    largeBuffers: 0,
    acceptLargeReceive: false,
    fallbackMac: new Uint8Array([2, 0, 0, 0, 0, 1]),
  });
  if (net === undefined) return;
  const mac = net.capabilities.mac;
  console.log(`net up ${net.isLinkUp()}, ${featureWords(net.session.features)}`);
  let replies = 0;
  for (let round = 0; round < 100; round += 1) {
    const frame = net.reserve(60);
    if (frame === undefined) break;
    frame.fill(0);
    frame.fill(0xff, 0, 6);
    frame.set(mac, 6);
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    view.setUint16(12, 0x0806, false);
    view.setUint16(14, 1, false);
    view.setUint16(16, 0x0800, false);
    view.setUint16(18, 0x0604, false);
    view.setUint16(20, 1, false);
    frame.set(mac, 22);
    view.setUint32(28, ADDRESS, false);
    view.setUint32(38, GATEWAY, false);
    net.commit(60, {
      needsChecksum: false,
      checksumStart: 0,
      checksumOffset: 0,
      segmentBytes: 0,
      headerBytes: 0,
    });
    net.flush();
    common.waiter.begin();
    let got: Uint8Array | undefined;
    while (got === undefined && common.waiter.waitForDevice()) got = net.receive();
    if (got === undefined) break;
    const answer = new DataView(got.buffer, got.byteOffset, got.byteLength);
    if (answer.getUint16(12, false) === 0x0806 && answer.getUint32(28, false) === GATEWAY)
      replies += 1;
    net.refill();
  }
  console.log(`net arp replies ${replies}`);
}

function useConsole(transport: Transport, common: Common): void {
  const driver = ConsoleDriver.open(transport, {
    name: common.name,
    memory: common.memory,
    allocator: common.allocator,
    sink: common.sink,
    rings: common.rings,
    bufferBytes: 256,
    buffersPerPort: 8,
    portsMax: 4,
  });
  if (driver === undefined) return;
  const text = 'hello over virtio-console\n';
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  common.waiter.begin();
  let written = 0;
  // With several ports the host announces them in its own time.
  while (written === 0 && common.waiter.waitForDevice()) {
    driver.poll();
    for (const port of driver.ports) {
      if (port === undefined || !port.isOpen || written > 0) continue;
      written = driver.write(port, bytes, 0, bytes.length);
      console.log(
        `console port ${port.id} '${port.name}' took ${written}, ${featureWords(driver.session.features)}`,
      );
    }
  }
}

function useEntropy(transport: Transport, common: Common): void {
  const rng = EntropyDriver.open(transport, common);
  if (rng === undefined) return;
  const bytes = new Uint8Array(256);
  const done = rng.fill(bytes);
  const seen = new Uint8Array(256);
  let distinct = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    if (seen[bytes[i]] === 0) distinct += 1;
    seen[bytes[i]] = 1;
  }
  console.log(`entropy ${done}, distinct ${distinct > 100}, ${featureWords(rng.session.features)}`);
}

function useNineP(transport: Transport, common: Common): void {
  const driver = NinePDriver.open(transport, {
    name: common.name,
    memory: common.memory,
    allocator: common.allocator,
    sink: common.sink,
    rings: common.rings,
    waiter: common.waiter,
    messageBytes: 8192,
  });
  if (driver === undefined) return;
  const client = new NinePClient(driver, 8192);
  const root = client.attach('', 0);
  const file = client.walk(root, ['from-host']);
  const opened = client.open(file, 0);
  const bytes = new Uint8Array(64);
  const count = client.read(file, 0, bytes, 0, 64);
  let text = '';
  for (let i = 0; i < count; i += 1) text += String.fromCharCode(bytes[i]);
  console.log(`9p ${driver.mountTag} ${opened >= 0} read '${text}'`);
  const made = client.walk(root, []);
  const created = client.create(made, 'from-guest', 1, 0o644, 0);
  const wrote = client.write(made, 0, bytes, 0, count);
  console.log(`9p create ${created} write ${wrote} close ${client.clunk(made)}`);
}

export function main(bootAddress: number): void {
  clockStart();
  const information = readBootInformation(bootAddress, virtualToPhysical(bootAddress));
  if (information === undefined) return;
  powerFind(information.rsdp);
  const allocator = createAllocator(information);
  growHeapFrom(allocator, new PageTable(readPageTableRoot(), new DirectMemory(), allocator));
  clockCalibrate(0n);
  const words = information.commandLine.split(' ');
  let rings = 'pie';
  for (const word of words) if (word.startsWith('rings=')) rings = word.slice(6);
  const sink = new Log();
  const devices = findMmioDevices(information.commandLine, sink);
  for (const device of findPciDevices(portConfigAccess(), sink)) devices.push(device);
  console.log(`devices ${devices.length}`);
  for (const device of devices) {
    const common = {
      name: device.name,
      memory: new DirectGuestMemory(0x100000000),
      allocator: new FrameDmaAllocator(allocator),
      sink,
      rings: {
        packed: rings.indexOf('p') >= 0,
        indirect: rings.indexOf('i') >= 0,
        eventIndex: rings.indexOf('e') >= 0,
        inOrder: false,
        indirectMax: 8,
      },
      waiter: new SpinningWaiter(3000000000n),
    };
    if (device.deviceType === DeviceType.Block) useBlock(device.transport, common);
    else if (device.deviceType === DeviceType.Net) useNet(device.transport, common);
    else if (device.deviceType === DeviceType.Console) useConsole(device.transport, common);
    else if (device.deviceType === DeviceType.Entropy) useEntropy(device.transport, common);
    else if (device.deviceType === DeviceType.NineP) useNineP(device.transport, common);
    else console.log(`device type ${device.deviceType} not used`);
  }
  console.log('virtio: end');
  powerOff();
}
