/**
 * A hypervisor in one object: memory, a frontend domain 1 with a grant table, a backend domain 0, event ports and a
 * store. Mapping a grant does what Xen does, marks included, so that leaks and late revocations show.
 */
import { storeLink } from '../byte-ring.js';
import type { FaultSink, XenFault } from '../fault.js';
import {
  GRANT_PERMIT,
  GRANT_READ_ONLY,
  GRANT_READING,
  GRANT_WRITING,
  type GrantMapper,
  GrantTable,
} from '../grants.js';
import { ArrayMemory, load53, PAGE_BYTES, type PageSource, type SharedMemory } from '../memory.js';
import { StoreClient } from '../store-client.js';
import { StoreServer } from '../store-server.js';
import type { BackendPlatform, EventPorts, XenPlatform } from '../xenbus.js';

export class CollectingSink implements FaultSink {
  readonly faults: XenFault[] = [];

  fault(fault: XenFault): void {
    this.faults.push(fault);
  }
}

/** Contiguous pages, first fit. */
export class ModelPages implements PageSource {
  readonly #first: number;
  readonly #used: Uint8Array;
  readonly #memory: ArrayMemory;
  usedCount = 0;

  constructor(memory: ArrayMemory, first: number, count: number) {
    this.#memory = memory;
    this.#first = first;
    this.#used = new Uint8Array(count);
  }

  takePages(count: number): number {
    let run = 0;
    for (let i = 0; i < this.#used.length; i += 1) {
      run = this.#used[i] === 0 ? run + 1 : 0;
      if (run < count) continue;
      const start = i - count + 1;
      this.#used.fill(1, start, i + 1);
      this.usedCount += count;
      const address = this.#first + start * PAGE_BYTES;
      this.#memory.bytes.fill(
        0,
        address - this.#memory.base,
        address - this.#memory.base + count * PAGE_BYTES,
      );
      return address;
    }
    return -1;
  }

  returnPages(address: number, count: number): void {
    const start = Math.trunc((address - this.#first) / PAGE_BYTES);
    for (let i = start; i < start + count; i += 1) {
      if (this.#used[i] !== 1) throw new RangeError(`page ${i} returned twice`);
      this.#used[i] = 0;
    }
    this.usedCount -= count;
  }
}

export class ModelMapper implements GrantMapper {
  readonly #xen: ModelXen;
  readonly #domain: number;
  readonly #counts: Map<number, number> = new Map<number, number>();

  constructor(xen: ModelXen, domain: number) {
    this.#xen = xen;
    this.#domain = domain;
  }

  mappedCount(): number {
    let total = 0;
    for (const count of this.#counts.values()) total += count;
    return total;
  }

  map(ref: number, isReadOnly: boolean): number {
    const { memory, grantTable, grantStatus, grantVersion, grantEntries } = this.#xen;
    if (ref >= grantEntries) return -1;
    const entry = grantTable + ref * (grantVersion === 1 ? 8 : 16);
    const flags = memory.load16(entry);
    if ((flags & 3) !== GRANT_PERMIT || memory.load16(entry + 2) !== this.#domain) return -1;
    if (!isReadOnly && (flags & GRANT_READ_ONLY) !== 0) return -1;
    const frame = grantVersion === 1 ? memory.load32(entry + 4) : load53(memory, entry + 8);
    const address = frame * PAGE_BYTES;
    if (!memory.contains(address, PAGE_BYTES)) return -1;
    const marks = isReadOnly ? GRANT_READING : GRANT_READING | GRANT_WRITING;
    const at = grantVersion === 1 ? entry : grantStatus + ref * 2;
    memory.store16(at, memory.load16(at) | marks);
    this.#counts.set(ref, (this.#counts.get(ref) ?? 0) + 1);
    return address;
  }

  unmap(ref: number): void {
    const count = this.#counts.get(ref) ?? 0;
    if (count === 0) return;
    if (count > 1) {
      this.#counts.set(ref, count - 1);
      return;
    }
    this.#counts.delete(ref);
    const { memory, grantTable, grantStatus, grantVersion } = this.#xen;
    const at = grantVersion === 1 ? grantTable + ref * 8 : grantStatus + ref * 2;
    memory.store16(at, memory.load16(at) & ~(GRANT_READING | GRANT_WRITING));
  }
}

export interface ModelXenOptions {
  readonly memoryPages: number;
  readonly grantVersion: number;
  readonly grantEntries: number;
}

export class ModelXen {
  readonly memory: ArrayMemory;
  readonly pages: ModelPages;
  readonly sink: CollectingSink = new CollectingSink();
  readonly store: StoreServer = new StoreServer();
  readonly grantTable: number;
  readonly grantStatus: number;
  readonly grantVersion: number;
  readonly grantEntries: number;
  readonly grants: GrantTable;
  readonly mapper: ModelMapper;
  /** Which port is at the other end; 0 for none. */
  readonly #peers: number[] = [0];
  readonly pendingPorts: Set<number> = new Set<number>();
  openPorts = 0;
  /** What a waiting frontend does meanwhile: run the backend. False ends the wait. */
  onWait: () => boolean = () => false;

  constructor(options: ModelXenOptions) {
    const base = 0x100000;
    this.memory = new ArrayMemory(base, new Uint8Array(options.memoryPages * PAGE_BYTES));
    this.grantVersion = options.grantVersion;
    this.grantEntries = options.grantEntries;
    this.grantTable = base + PAGE_BYTES * 4;
    const tablePages = Math.ceil((options.grantEntries * 16) / PAGE_BYTES);
    this.grantStatus = this.grantTable + tablePages * PAGE_BYTES;
    const statusPages = Math.ceil((options.grantEntries * 2) / PAGE_BYTES);
    const first = this.grantStatus + statusPages * PAGE_BYTES;
    this.pages = new ModelPages(
      this.memory,
      first,
      options.memoryPages - 4 - tablePages - statusPages,
    );
    this.grants = new GrantTable(
      this.memory,
      options.grantVersion,
      this.grantTable,
      this.grantStatus,
      options.grantEntries,
    );
    this.mapper = new ModelMapper(this, 0);
  }

  /** Pages 0 and 1 are the store's for domain 1 and 0. */
  client(domain: number): StoreClient {
    const page = this.memory.base + (domain === 0 ? PAGE_BYTES : 0);
    const connection = this.store.connect(storeLink(this.memory, page, true), domain, () => {});
    const notifier = { notify: (): void => connection.poll() };
    const waiter = {
      waitForEvent: (): boolean => {
        connection.poll();
        return true;
      },
    };
    return new StoreClient(storeLink(this.memory, page, false), notifier, waiter, this.sink);
  }

  events(): EventPorts {
    return {
      allocateUnbound: (): number => {
        this.#peers.push(0);
        this.openPorts += 1;
        return this.#peers.length - 1;
      },
      bindInterdomain: (_domain: number, remote: number): number => {
        if (remote <= 0 || remote >= this.#peers.length || this.#peers[remote] < 0) return -1;
        this.#peers.push(remote);
        this.openPorts += 1;
        this.#peers[remote] = this.#peers.length - 1;
        return this.#peers.length - 1;
      },
      notify: (port: number): void => {
        const peer = this.#peers[port];
        if (peer !== undefined && peer > 0) this.pendingPorts.add(peer);
      },
      close: (port: number): void => {
        this.openPorts -= 1;
        this.#peers[port] = -1;
      },
    };
  }

  frontend(memory: SharedMemory): XenPlatform {
    return {
      memory,
      pages: this.pages,
      grants: this.grants,
      events: this.events(),
      store: this.client(1),
      waiter: { waitForEvent: (): boolean => this.onWait() },
      sink: this.sink,
    };
  }

  backend(memory: SharedMemory): BackendPlatform {
    return {
      memory,
      events: this.events(),
      store: this.client(0),
      sink: this.sink,
      mapperFor: (): GrantMapper => this.mapper,
    };
  }

  /** What the toolstack writes for a device. */
  addDevice(kind: 'vbd' | 'vif', id: number): { front: string; back: string } {
    const front = `/local/domain/1/device/${kind}/${id}`;
    const back = `/local/domain/0/backend/${kind}/1/${id}`;
    this.store.set(`${front}/backend`, back);
    this.store.set(`${front}/backend-id`, '0');
    this.store.set(`${front}/state`, '1');
    this.store.set(`${back}/frontend`, front);
    this.store.set(`${back}/frontend-id`, '1');
    this.store.set(`${back}/state`, '1');
    if (kind === 'vif') this.store.set(`${front}/mac`, '00:16:3e:00:00:01');
    return { front, back };
  }
}
