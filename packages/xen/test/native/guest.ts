/**
 * A PVH guest of drivers only, for a real Xen: console, store, disk, network, exit status, power-off. Boot it with
 * tools/xen-guest.sh; its transcript is docs/xen-transcript.txt.
 */
import {
  clockCalibrate,
  clockStart,
  readBootInformation,
  readPageTableRoot,
  virtualToPhysical,
} from '@tessera/machine';
import { DirectMemory, PageTable } from '@tessera/mm';
import { createAllocator, growHeapFrom } from '@tessera/mm/kernel';
import {
  BlockFront,
  NetFront,
  readWallClockNs,
  ShutdownReason,
  ToolstackControl,
  type XenFault,
} from '../../src/index.js';
import { DirectSharedMemory, FramePages, XenDomain } from '../../src/kernel/index.js';

class Log {
  readonly lines: string[] = [];

  fault(fault: XenFault): void {
    this.lines.push(`FAULT ${fault.kind} ${fault.where} ${fault.detail}\n`);
  }
}

function useBlock(domain: XenDomain): void {
  const names = domain.platform.store.directory('device/vbd', 0);
  if (names === undefined || names.length === 0) return;
  domain.waiter.begin();
  const disk = BlockFront.open(domain.platform, {
    path: `device/vbd/${names[0]}`,
    ringOrderMax: 2,
    slotCount: 4,
    pagesPerSlot: 16,
    usePersistentGrants: true,
  });
  if (disk === undefined) {
    domain.print('block: no connection\n');
    return;
  }
  domain.print(
    `block ${disk.sizeBytes} bytes, ring ${disk.ringPages} pages, ${disk.segmentsMax} segments, persistent ${disk.isPersistent}, flush ${disk.canFlush}, discard ${disk.canDiscard}\n`,
  );
  const first = new Uint8Array(512);
  domain.waiter.begin();
  domain.print(
    `block read ${disk.wait(disk.submit([{ kind: 'read', offsetBytes: 0, bytes: first }]))}\n`,
  );
  let text = '';
  for (let i = 0; i < 16; i += 1) text += String.fromCharCode(first[i]);
  domain.print(`block first ${text}\n`);
  const bytes = new Uint8Array(256 * 1024);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = (i * 13 + 7) & 0xff;
  domain.waiter.begin();
  const written = disk.submit([{ kind: 'write', offsetBytes: 65536, bytes }, { kind: 'flush' }]);
  domain.print(`block write and flush ${disk.wait(written)}\n`);
  const back = new Uint8Array(bytes.length);
  domain.waiter.begin();
  domain.print(
    `block again ${disk.wait(disk.submit([{ kind: 'read', offsetBytes: 65536, bytes: back }]))}\n`,
  );
  let same = true;
  for (let i = 0; i < bytes.length; i += 1) if (bytes[i] !== back[i]) same = false;
  domain.print(`block equal ${same}\n`);
  domain.waiter.begin();
  disk.close();
  domain.print(`block closed, grants ${domain.platform.grants.usedCount()}\n`);
  domain.waiter.begin();
  const again = disk.reconnect();
  domain.print(`block reconnected ${again}\n`);
  if (!again) return;
  domain.waiter.begin();
  domain.print(
    `block read ${disk.wait(disk.submit([{ kind: 'read', offsetBytes: 0, bytes: first }]))}\n`,
  );
}

const HOST = 0x0a010101;
const ADDRESS = 0x0a010102;

function useNet(domain: XenDomain): void {
  const names = domain.platform.store.directory('device/vif', 0);
  if (names === undefined || names.length === 0) return;
  domain.waiter.begin();
  const net = NetFront.open(domain.platform, {
    path: `device/vif/${names[0]}`,
    queueCountMax: 2,
    receiveBuffers: 64,
    transmitBuffers: 32,
    mtu: 1500,
  });
  if (net === undefined) {
    domain.print('net: no connection\n');
    return;
  }
  const { mac, segmentationBytesMax } = net.capabilities;
  domain.print(`net queues ${net.queueCount()}, segmentation ${segmentationBytesMax}\n`);
  let replies = 0;
  for (let round = 0; round < 200; round += 1) {
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
    view.setUint32(38, HOST, false);
    net.commit(60, { needsChecksum: false, segmentBytes: 0 });
    net.flush();
    domain.waiter.begin();
    let answered = false;
    while (!answered && domain.waiter.waitForEvent()) {
      const got = net.receive();
      if (got === undefined) continue;
      const answer = new DataView(got.buffer, got.byteOffset, got.byteLength);
      answered = answer.getUint16(12, false) === 0x0806 && answer.getUint32(28, false) === HOST;
      net.refill();
    }
    if (!answered) break;
    replies += 1;
  }
  domain.print(`net arp replies ${replies}\n`);
  domain.waiter.begin();
  net.close();
  domain.print(`net closed, stuck grants ${net.stuckGrants()}\n`);
}

export function main(bootAddress: number): void {
  clockStart();
  const information = readBootInformation(bootAddress, virtualToPhysical(bootAddress));
  if (information === undefined) return;
  const allocator = createAllocator(information);
  growHeapFrom(allocator, new PageTable(readPageTableRoot(), new DirectMemory(), allocator));
  clockCalibrate(0n);
  const log = new Log();
  const memory = new DirectSharedMemory(0x100000000);
  const domain = XenDomain.open(memory, new FramePages(allocator), log, 20000000000n);
  if (domain === undefined) {
    console.log('this is not Xen');
    for (const line of log.lines) console.log(line);
    return;
  }
  domain.print(`hello from Tessera on Xen ${domain.version}\n`);
  const store = domain.platform.store;
  domain.print(`store name ${store.read('name', 0)} domid ${store.read('domid', 0)}\n`);
  const wall = readWallClockNs(memory, domain.sharedInfo);
  domain.print(`wall clock after 2020 ${wall > 1577836800000000000n}\n`);
  useBlock(domain);
  useNet(domain);
  domain.waiter.begin();
  const control = ToolstackControl.open(store);
  if (control !== undefined) {
    domain.print(`memory target ${control.memoryTargetKib()} KiB\n`);
    domain.print(`status reported ${control.reportStatus(log.lines.length === 0 ? 7 : 1)}\n`);
  }
  for (const line of log.lines) domain.print(line);
  domain.print('xen: end\n');
  domain.waiter.begin();
  for (let i = 0; i < 200; i += 1) domain.waiter.waitForEvent();
  domain.shutdown(ShutdownReason.PowerOff);
}
