/**
 * This domain, seen from inside: hypercalls, the pages that Xen gives it (shared info, grant table, store, console) and
 * event ports. PVH and HVM guests only. Structures that hypercalls take lie in one page; calls are made with one CPU, or
 * under the caller's lock.
 */
import {
  CPUID_EAX,
  CPUID_EBX,
  CPUID_ECX,
  CPUID_EDX,
  clockNowNs,
  cpuid,
  physicalToVirtual,
  vmcall,
  vmmcall,
} from '@tessera/machine';
import { type ByteLink, consoleLink, storeLink } from '../byte-ring.js';
import { type FaultSink, XenFaultKind, xenFault } from '../fault.js';
import { GrantTable } from '../grants.js';
import {
  EventCommand,
  encodeAddToPhysmap,
  encodeAllocateUnbound,
  encodeBindInterdomain,
  encodeHvmParameter,
  encodePort,
  encodeShutdown,
  HvmCommand,
  HvmParameter,
  Hypercall,
  MemoryCommand,
  PhysmapSpace,
  SchedulerCommand,
  type ShutdownReason,
} from '../hypercalls.js';
import { load53, PAGE_BYTES, type PageSource, type SharedMemory } from '../memory.js';
import { type Cpuid, type CpuidResult, findXen } from '../start-of-day.js';
import { StoreClient, type Waiter } from '../store-client.js';
import type { EventPorts, XenPlatform } from '../xenbus.js';

const VENDOR_AMD = 0x68747541;
const GRANT_FRAMES = 4;
const GRANTS_PER_FRAME = 512;

class MachineCpuid implements Cpuid {
  read(leaf: number): CpuidResult {
    return {
      eax: cpuid(leaf, 0, CPUID_EAX),
      ebx: cpuid(leaf, 0, CPUID_EBX),
      ecx: cpuid(leaf, 0, CPUID_ECX),
      edx: cpuid(leaf, 0, CPUID_EDX),
    };
  }
}

class Hypercalls {
  readonly #isAmd: boolean;
  readonly #argument: number;

  constructor(argumentPage: number) {
    this.#isAmd = cpuid(0, 0, CPUID_EBX) === VENDOR_AMD;
    this.#argument = physicalToVirtual(argumentPage);
  }

  /** A command whose structure lies at the start of the argument page; Xen's result, negative for an error. */
  command(number: Hypercall, command: number): number {
    if (this.#isAmd) return vmmcall(number, command, this.#argument, 0);
    return vmcall(number, command, this.#argument, 0);
  }
}

class HypercallPorts implements EventPorts {
  readonly #calls: Hypercalls;
  readonly #memory: SharedMemory;
  readonly #page: number;

  constructor(calls: Hypercalls, memory: SharedMemory, page: number) {
    this.#calls = calls;
    this.#memory = memory;
    this.#page = page;
  }

  allocateUnbound(domain: number): number {
    encodeAllocateUnbound(this.#memory, this.#page, domain);
    const status = this.#calls.command(
      Hypercall.EventChannelOperation,
      EventCommand.AllocateUnbound,
    );
    return status < 0 ? -1 : this.#memory.load32(this.#page + 4);
  }

  bindInterdomain(domain: number, remotePort: number): number {
    encodeBindInterdomain(this.#memory, this.#page, domain, remotePort);
    const status = this.#calls.command(
      Hypercall.EventChannelOperation,
      EventCommand.BindInterdomain,
    );
    return status < 0 ? -1 : this.#memory.load32(this.#page + 8);
  }

  notify(port: number): void {
    encodePort(this.#memory, this.#page, port);
    this.#calls.command(Hypercall.EventChannelOperation, EventCommand.Send);
  }

  close(port: number): void {
    encodePort(this.#memory, this.#page, port);
    this.#calls.command(Hypercall.EventChannelOperation, EventCommand.Close);
  }
}

/** Gives the CPU away and looks again, until a deadline. */
export class YieldingWaiter implements Waiter {
  readonly #calls: Hypercalls;
  readonly #patienceNs: bigint;
  #startedNs: bigint = 0n;
  #isWaiting = false;

  constructor(calls: Hypercalls, patienceNs: bigint) {
    this.#calls = calls;
    this.#patienceNs = BigInt.asUintN(64, patienceNs);
  }

  /** Call before a request: the patience starts anew. */
  begin(): void {
    this.#isWaiting = false;
  }

  waitForEvent(): boolean {
    const now = BigInt.asUintN(64, clockNowNs());
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.#startedNs = now;
    }
    this.#calls.command(Hypercall.SchedulerOperation, SchedulerCommand.Yield);
    return BigInt.asUintN(64, now - this.#startedNs) < this.#patienceNs;
  }
}

export class XenDomain {
  readonly platform: XenPlatform;
  readonly waiter: YieldingWaiter;
  readonly console: ByteLink;
  readonly sharedInfo: number;
  readonly version: string;
  readonly #calls: Hypercalls;
  readonly #page: number;
  readonly #consolePort: number;
  readonly #ports: HypercallPorts;

  private constructor(
    platform: XenPlatform,
    waiter: YieldingWaiter,
    consoleRing: ByteLink,
    consolePort: number,
    sharedInfo: number,
    version: string,
    calls: Hypercalls,
    page: number,
    ports: HypercallPorts,
  ) {
    this.platform = platform;
    this.waiter = waiter;
    this.console = consoleRing;
    this.#consolePort = consolePort;
    this.sharedInfo = sharedInfo;
    this.version = version;
    this.#calls = calls;
    this.#page = page;
    this.#ports = ports;
  }

  /** Undefined when this is not Xen, or after a fault. */
  static open(
    memory: SharedMemory,
    pages: PageSource,
    sink: FaultSink,
    patienceNs: bigint,
  ): XenDomain | undefined {
    const xen = findXen(new MachineCpuid());
    if (xen === undefined) return undefined;
    const page = pages.takePages(1);
    const sharedInfo = pages.takePages(1);
    const grantPages = pages.takePages(GRANT_FRAMES);
    if (Math.min(page, sharedInfo, grantPages) < 0) return refuse(sink, XenFaultKind.NoMemory, 0);
    const calls = new Hypercalls(page);
    // Setting this parameter (to: no callback) makes Xen use the 64-bit layout of shared info.
    encodeHvmParameter(memory, page, HvmParameter.CallbackInterrupt, 0, 0);
    calls.command(Hypercall.HvmOperation, HvmCommand.SetParameter);
    // Xen puts its own pages where ours were, and takes ours back.
    if (!place(calls, memory, page, PhysmapSpace.SharedInfo, 0, sharedInfo)) {
      return refuse(sink, XenFaultKind.BadGrant, 0);
    }
    for (let i = 0; i < GRANT_FRAMES; i += 1) {
      if (!place(calls, memory, page, PhysmapSpace.GrantTable, i, grantPages + i * PAGE_BYTES)) {
        return refuse(sink, XenFaultKind.BadGrant, i);
      }
    }
    const storeFrame = parameter(calls, memory, page, HvmParameter.StoreFrame);
    const storePort = parameter(calls, memory, page, HvmParameter.StorePort);
    const consoleFrame = parameter(calls, memory, page, HvmParameter.ConsoleFrame);
    const consolePort = parameter(calls, memory, page, HvmParameter.ConsolePort);
    if (Math.min(storeFrame, storePort, consoleFrame, consolePort) < 1) {
      return refuse(sink, XenFaultKind.BadStoreValue, storeFrame);
    }
    const ports = new HypercallPorts(calls, memory, page);
    const waiter = new YieldingWaiter(calls, patienceNs);
    const notifier = { notify: (): void => ports.notify(storePort) };
    const store = new StoreClient(
      storeLink(memory, storeFrame * PAGE_BYTES, false),
      notifier,
      waiter,
      sink,
    );
    const grants = new GrantTable(memory, 1, grantPages, 0, GRANT_FRAMES * GRANTS_PER_FRAME);
    const platform = { memory, pages, grants, events: ports, store, waiter, sink };
    const version = `${xen.majorVersion}.${xen.minorVersion}`;
    const ring = consoleLink(memory, consoleFrame * PAGE_BYTES, false);
    return new XenDomain(
      platform,
      waiter,
      ring,
      consolePort,
      sharedInfo,
      version,
      calls,
      page,
      ports,
    );
  }

  /** Writes to the domain's console, waiting for room. */
  print(text: string): void {
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i) & 0xff;
    let done = 0;
    this.waiter.begin();
    while (done < bytes.length) {
      const count = this.console.outgoing.write(bytes, done, bytes.length - done);
      done += count;
      this.#ports.notify(this.#consolePort);
      if (count === 0 && (this.console.outgoing.isBroken || !this.waiter.waitForEvent())) return;
    }
  }

  /** Ends the domain. Returns only when Xen refuses. */
  shutdown(reason: ShutdownReason): void {
    encodeShutdown(this.platform.memory, this.#page, reason);
    this.#calls.command(Hypercall.SchedulerOperation, SchedulerCommand.Shutdown);
  }
}

function place(
  calls: Hypercalls,
  memory: SharedMemory,
  page: number,
  space: PhysmapSpace,
  index: number,
  address: number,
): boolean {
  encodeAddToPhysmap(memory, page, space, index, Math.trunc(address / PAGE_BYTES));
  return calls.command(Hypercall.MemoryOperation, MemoryCommand.AddToPhysmap) === 0;
}

function parameter(
  calls: Hypercalls,
  memory: SharedMemory,
  page: number,
  index: HvmParameter,
): number {
  encodeHvmParameter(memory, page, index, 0, 0);
  if (calls.command(Hypercall.HvmOperation, HvmCommand.GetParameter) !== 0) return -1;
  return load53(memory, page + 8);
}

function refuse(sink: FaultSink, kind: XenFaultKind, detail: number): undefined {
  sink.fault(xenFault(kind, 'domain', detail));
  return undefined;
}
