// One network interface: its device, addresses, multicast groups and counters.

import type { LinkDevice } from '../contract.js';
import { type IpAddress, samePrefix, solicitedNodeGroup } from '../wire/address.js';
import { Checksummer } from '../wire/checksum.js';
import type { NeighbourCache } from './neighbours.js';

/** `tentative`: duplicate address detection runs; not usable yet. `deprecated`: not for new connections. */
export type AddressState = 'tentative' | 'preferred' | 'deprecated' | 'duplicate';

export class InterfaceAddress {
  readonly address: IpAddress;
  readonly bits: number;
  state: AddressState;
  /** Microseconds, NEVER for static ones. */
  preferredUntil: number;
  validUntil: number;
  probesLeft = 0;

  constructor(
    address: IpAddress,
    bits: number,
    state: AddressState,
    preferredUntil: number,
    validUntil: number,
  ) {
    this.address = address;
    this.bits = bits;
    this.state = state;
    this.preferredUntil = preferredUntil;
    this.validUntil = validUntil;
  }

  get isUsable(): boolean {
    return this.state === 'preferred' || this.state === 'deprecated';
  }
}

export class InterfaceCounters {
  framesIn = 0;
  framesOut = 0;
  bytesIn = 0;
  bytesOut = 0;
  dropped = 0;
  checksumErrors = 0;
}

export class NetworkInterface {
  readonly index: number;
  readonly name: string;
  readonly device: LinkDevice;
  readonly isLoopback: boolean;
  readonly linkHeaderBytes: number;
  readonly counters: InterfaceCounters = new InterfaceCounters();
  readonly checksummer: Checksummer = new Checksummer();
  /** Set right after construction by the stack. */
  neighbours: NeighbourCache | undefined = undefined;
  addresses: InterfaceAddress[] = [];
  /** Groups with how often each was joined. */
  readonly #groups: { address: IpAddress; count: number }[] = [];
  mtu: number;
  hopLimit = 64;

  constructor(index: number, name: string, device: LinkDevice, isLoopback: boolean) {
    this.index = index;
    this.name = name;
    this.device = device;
    this.isLoopback = isLoopback;
    this.mtu = device.capabilities.mtu;
    this.linkHeaderBytes = device.capabilities.medium === 'ethernet' ? 14 : 0;
  }

  find(address: IpAddress): InterfaceAddress | undefined {
    for (const own of this.addresses) if (own.address.equals(address)) return own;
    return undefined;
  }

  /** 255.255.255.255 or the broadcast address of one of our prefixes. */
  isBroadcast(address: IpAddress): boolean {
    if (!address.isV4) return false;
    if (address.isLimitedBroadcast) return true;
    for (const own of this.addresses) {
      if (!own.address.isV4 || own.bits > 30) continue;
      const hostMask = own.bits === 0 ? -1 : (1 << (32 - own.bits)) - 1;
      if (address.w3 === (own.address.w3 | hostMask)) return true;
    }
    return false;
  }

  /** Best own address for a destination: scope and prefix first (RFC 6724 rules 2, 3 and 8 as far as they matter). */
  sourceFor(destination: IpAddress): IpAddress | undefined {
    let best: InterfaceAddress | undefined;
    let bestScore = -1;
    for (const own of this.addresses) {
      if (own.address.isV4 !== destination.isV4 || !own.isUsable) continue;
      let score = 0;
      if (own.address.isLinkLocal === (destination.isLinkLocal || isLinkScopeGroup(destination)))
        score += 4;
      if (own.state === 'preferred') score += 2;
      if (samePrefix(own.address, destination, own.bits)) score += 1;
      if (score > bestScore) {
        best = own;
        bestScore = score;
      }
    }
    return best?.address;
  }

  /** True when this is the first join, which the caller reports to the routers. */
  join(group: IpAddress): boolean {
    for (const entry of this.#groups) {
      if (entry.address.equals(group)) {
        entry.count += 1;
        return false;
      }
    }
    this.#groups.push({ address: group.clone(), count: 1 });
    return true;
  }

  /** True when nobody listens to it any more. */
  leave(group: IpAddress): boolean {
    for (let i = 0; i < this.#groups.length; i++) {
      if (!this.#groups[i].address.equals(group)) continue;
      this.#groups[i].count -= 1;
      if (this.#groups[i].count > 0) return false;
      this.#groups.splice(i, 1);
      return true;
    }
    return false;
  }

  get groups(): IpAddress[] {
    const list: IpAddress[] = [];
    for (const entry of this.#groups) list.push(entry.address);
    return list;
  }

  listensTo(group: IpAddress): boolean {
    if (group.isV4 ? group.w3 === (0xe0000001 | 0) : isAllNodes(group)) return true;
    for (const entry of this.#groups) if (entry.address.equals(group)) return true;
    if (group.isV4) return false;
    for (const own of this.addresses)
      if (!own.address.isV4 && solicitedNodeGroupMatches(own.address, group)) return true;
    return false;
  }
}

function isAllNodes(group: IpAddress): boolean {
  return (
    (group.w0 === (0xff020000 | 0) || group.w0 === (0xff010000 | 0)) &&
    group.w1 === 0 &&
    group.w2 === 0 &&
    group.w3 === 1
  );
}

function isLinkScopeGroup(group: IpAddress): boolean {
  return !group.isV4 && group.w0 >>> 16 === 0xff02;
}

function solicitedNodeGroupMatches(address: IpAddress, group: IpAddress): boolean {
  return group.w0 === (0xff020000 | 0) && solicitedNodeGroup(address).equals(group);
}
