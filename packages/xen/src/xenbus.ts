/**
 * xenbus: two folders in the store, one per end, each with a `state`. Either end moves its own state and watches the
 * other's; what a ring needs (grants, ports, features) is written before the state that says it is there.
 */
import { type FaultSink, type XenFault, XenFaultKind, xenFault } from './fault.js';
import type { GrantMapper, GrantTable } from './grants.js';
import type { PageSource, SharedMemory } from './memory.js';
import { parseDecimal, type StoreClient, type Waiter } from './store-client.js';

export enum XenbusState {
  Unknown = 0,
  Initialising = 1,
  InitWait = 2,
  Initialised = 3,
  Connected = 4,
  Closing = 5,
  Closed = 6,
  Reconfiguring = 7,
  Reconfigured = 8,
}

/** Event channels, by port. */
export interface EventPorts {
  /** A port that `domain` may bind, or -1. */
  allocateUnbound(domain: number): number;
  /** A local port for the other domain's, or -1. */
  bindInterdomain(domain: number, remotePort: number): number;
  notify(port: number): void;
  close(port: number): void;
}

/** What a frontend or backend needs of its domain. */
export interface XenPlatform {
  readonly memory: SharedMemory;
  readonly pages: PageSource;
  readonly grants: GrantTable;
  readonly events: EventPorts;
  readonly store: StoreClient;
  readonly waiter: Waiter;
  readonly sink: FaultSink;
}

export interface BackendPlatform {
  readonly memory: SharedMemory;
  readonly events: EventPorts;
  readonly store: StoreClient;
  readonly sink: FaultSink;
  /** Access to the pages of one frontend's domain. */
  mapperFor(domain: number): GrantMapper;
}

const STATE_WAITS_MAX = 100000;

/** One end's view of the pair of folders. */
export class XenbusLink {
  readonly path: string;
  readonly otherPath: string;
  readonly otherDomain: number;
  fault: XenFault | undefined = undefined;
  readonly #store: StoreClient;
  readonly #sink: FaultSink;

  private constructor(
    path: string,
    otherPath: string,
    otherDomain: number,
    store: StoreClient,
    sink: FaultSink,
  ) {
    this.path = path;
    this.otherPath = otherPath;
    this.otherDomain = otherDomain;
    this.#store = store;
    this.#sink = sink;
  }

  /** `role` is what the other end is: our folder holds its path and domain under that name. */
  static open(
    store: StoreClient,
    sink: FaultSink,
    path: string,
    role: 'backend' | 'frontend',
  ): XenbusLink | undefined {
    const other = store.read(`${path}/${role}`, 0);
    const domain = store.readNumber(`${path}/${role}-id`, 0);
    if (other === undefined || other === '' || domain < 0 || domain > 0x7fef) {
      sink.fault(xenFault(XenFaultKind.BadStoreValue, path, domain));
      return undefined;
    }
    const link = new XenbusLink(path, other, domain, store, sink);
    if (!store.watch(`${other}/state`, path)) {
      sink.fault(xenFault(XenFaultKind.BadStoreValue, `${other}/state`, 0));
      return undefined;
    }
    return link;
  }

  otherState(): XenbusState {
    const state = this.#store.readNumber(`${this.otherPath}/state`, 0);
    return state >= 1 && state <= 8 ? state : XenbusState.Unknown;
  }

  setState(state: XenbusState): boolean {
    return this.#store.write(`${this.path}/state`, `${state}`, 0);
  }

  /** A number of the other end, or `missing` when it is not there; -1 when it is no number. */
  otherNumber(key: string, missing: number): number {
    const text = this.#store.read(`${this.otherPath}/${key}`, 0);
    return text === undefined ? missing : parseDecimal(text);
  }

  otherFlag(key: string): boolean {
    return this.otherNumber(key, 0) === 1;
  }

  /** Waits until a backend offers its device. It may still be closing the connection before. */
  waitForOffer(waiter: Waiter): boolean {
    return this.#waitFor(waiter, XenbusState.InitWait, XenbusState.Initialised, true);
  }

  /** Waits until the other end is connected; false when it closed, vanished or time was up. */
  waitForConnection(waiter: Waiter): boolean {
    return this.#waitFor(waiter, XenbusState.Connected, XenbusState.Connected, false);
  }

  #waitFor(waiter: Waiter, first: XenbusState, last: XenbusState, mayBeClosed: boolean): boolean {
    for (let waits = 0; waits < STATE_WAITS_MAX; waits += 1) {
      const state = this.otherState();
      if (state >= first && state <= last) return true;
      const isClosed = state === XenbusState.Closing || state === XenbusState.Closed;
      if (isClosed && !mayBeClosed) {
        return this.fail(XenFaultKind.PeerClosed, state);
      }
      if (this.#store.isBroken || !waiter.waitForEvent()) break;
    }
    const state = this.otherState();
    if (state >= first && state <= last) return true;
    return this.fail(XenFaultKind.Timeout, state);
  }

  /**
   * Our half of a close: Closing, and Closed once the backend has heard of it. Some backends let go of our pages only
   * then, so it is their Closed (or a new offer, or their end) that says whether grants can be revoked.
   */
  closeConnection(waiter: Waiter): void {
    this.setState(XenbusState.Closing);
    this.#waitWhile(waiter, XenbusState.Connected, XenbusState.Connected);
    this.setState(XenbusState.Closed);
    this.#waitWhile(waiter, XenbusState.Connected, XenbusState.Closing);
  }

  #waitWhile(waiter: Waiter, first: XenbusState, last: XenbusState): void {
    for (let waits = 0; waits < STATE_WAITS_MAX; waits += 1) {
      const state = this.otherState();
      if (state < first || state > last || !waiter.waitForEvent()) return;
    }
  }

  close(): void {
    this.#store.unwatch(`${this.otherPath}/state`, this.path);
  }

  fail(kind: XenFaultKind, detail: number): boolean {
    if (this.fault === undefined) {
      this.fault = xenFault(kind, this.path, detail);
      this.#sink.fault(this.fault);
    }
    return false;
  }
}
