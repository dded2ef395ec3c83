// DHCPv4 client (RFC 2131): obtains, renews and gives back an address for one interface.
//
//   selecting --offer--> requesting --ack--> bound --T1--> renewing --T2--> rebinding --expiry--> selecting
//                             \--nak--> selecting                \--ack--> bound
//
// Requests are repeated after 4, 8, 16, 32, 64 seconds, each one second off at random (4.1).

import { EVENT_READABLE, type SocketObserver } from '../events.js';
import type { NetworkInterface } from '../interface/interface.js';
import type { Stack } from '../stack.js';
import { NEVER, Timer } from '../timers.js';
import type { UdpSocket } from '../udp/udp.js';
import { BROADCAST_V4, type IpAddress, type IpPrefix } from '../wire/address.js';
import {
  DHCP_ACK,
  DHCP_CLIENT_PORT,
  DHCP_DISCOVER,
  DHCP_MESSAGE_BYTES_MAX,
  DHCP_NAK,
  DHCP_OFFER,
  DHCP_RELEASE,
  DHCP_REQUEST,
  DHCP_SERVER_PORT,
  type DhcpMessage,
  emitDhcp,
  emptyDhcp,
  maskBits,
  parseDhcp,
} from '../wire/dhcpv4.js';

const SECOND_US = 1_000_000;
const RETRY_FIRST_US = 4 * SECOND_US;
const RETRY_MAX_US = 64 * SECOND_US;
const REQUESTS_MAX = 4;
const REFUSED_US = 10 * SECOND_US;
const LEASE_SECONDS_MIN = 60;
const INFINITE_SECONDS = 0xffffffff;

export interface DhcpLease {
  readonly prefix: IpPrefix;
  readonly server: IpAddress;
  readonly routers: readonly IpAddress[];
  readonly dnsServers: readonly IpAddress[];
  readonly domainName: string;
  readonly leaseSeconds: number;
}

export type DhcpState = 'idle' | 'selecting' | 'requesting' | 'bound' | 'renewing' | 'rebinding';

export class DhcpClient implements SocketObserver {
  readonly #stack: Stack;
  readonly #interface: NetworkInterface;
  readonly #socket: UdpSocket;
  readonly #timer: Timer;
  readonly #hostName: string;
  state: DhcpState = 'idle';
  lease: DhcpLease | undefined = undefined;
  /** Called with a lease when one begins, undefined when it ends. */
  onLease: ((lease: DhcpLease | undefined) => void) | undefined = undefined;
  #transaction = 0;
  #startedAt = 0;
  #retryUs = RETRY_FIRST_US;
  #requests = 0;
  #offer: DhcpMessage | undefined = undefined;
  #renewAt = NEVER;
  #rebindAt = NEVER;
  #expireAt = NEVER;
  #retryAt = NEVER;

  constructor(stack: Stack, networkInterface: NetworkInterface, hostName = '') {
    this.#stack = stack;
    this.#interface = networkInterface;
    this.#hostName = hostName;
    this.#timer = new Timer((now) => this.#due(now));
    this.#socket = stack.udpSocket();
    this.#socket.boundInterface = networkInterface;
    this.#socket.broadcast = true;
    this.#socket.observer = this;
  }

  start(): void {
    if (this.state !== 'idle') return;
    this.#socket.bind(undefined, DHCP_CLIENT_PORT);
    this.#select();
  }

  /** Gives the address back and stops. */
  release(): void {
    if (this.lease !== undefined) {
      const message = {
        ...this.#message(DHCP_RELEASE),
        clientAddress: this.lease.prefix.address,
        serverIdentifier: this.lease.server,
      };
      this.#send(message, this.lease.server);
      this.#drop();
    }
    this.state = 'idle';
    this.#stack.timers.clear(this.#timer);
    this.#socket.close();
  }

  changed(events: number): void {
    if ((events & EVENT_READABLE) === 0) return;
    for (;;) {
      const datagram = this.#socket.receive();
      if (datagram === undefined) return;
      if (datagram.sourcePort !== DHCP_SERVER_PORT) continue;
      const message = parseDhcp(datagram.data, 0, datagram.data.length);
      if (message !== undefined) this.#received(message);
    }
  }

  get #now(): number {
    return this.#stack.instant.us;
  }

  #select(): void {
    this.state = 'selecting';
    this.#transaction = this.#stack.random.word();
    this.#startedAt = this.#now;
    this.#retryUs = RETRY_FIRST_US;
    this.#offer = undefined;
    this.#renewAt = NEVER;
    this.#rebindAt = NEVER;
    this.#expireAt = NEVER;
    this.#repeat();
  }

  #message(type: number): DhcpMessage {
    const mac = this.#interface.device.capabilities.mac;
    const seconds = Math.min(Math.trunc((this.#now - this.#startedAt) / SECOND_US), 0xffff);
    return {
      ...emptyDhcp(type, this.#transaction, mac),
      secondsElapsed: seconds,
      hostName: this.#hostName,
    };
  }

  #send(message: DhcpMessage, to: IpAddress): void {
    const buffer = new Uint8Array(DHCP_MESSAGE_BYTES_MAX);
    const length = emitDhcp(message, buffer, 0);
    this.#socket.send(buffer.subarray(0, length), to, DHCP_SERVER_PORT);
  }

  /** Sends what the state asks for and arms the next repetition. */
  #repeat(): void {
    if (this.state === 'selecting')
      this.#send({ ...this.#message(DHCP_DISCOVER), broadcast: true }, BROADCAST_V4);
    else if (this.state === 'requesting' && this.#offer !== undefined) this.#request(this.#offer);
    else if (this.lease !== undefined) {
      const message = { ...this.#message(DHCP_REQUEST), clientAddress: this.lease.prefix.address };
      this.#send(message, this.state === 'rebinding' ? BROADCAST_V4 : this.lease.server);
    }
    const jitter = ((this.#stack.random.word() >>> 0) % (2 * SECOND_US)) - SECOND_US;
    this.#retryAt = this.#now + this.#retryUs + jitter;
    this.#retryUs = Math.min(2 * this.#retryUs, RETRY_MAX_US);
    this.#arm();
  }

  #request(offer: DhcpMessage): void {
    this.#requests += 1;
    if (this.#requests > REQUESTS_MAX) {
      this.#select();
      return;
    }
    const message = {
      ...this.#message(DHCP_REQUEST),
      broadcast: true,
      requestedAddress: offer.yourAddress,
      serverIdentifier: offer.serverIdentifier,
    };
    this.#send(message, BROADCAST_V4);
  }

  #received(message: DhcpMessage): void {
    if (!message.isReply || message.transaction !== this.#transaction) return;
    if (!message.clientMac.equals(this.#interface.device.capabilities.mac)) return;
    if (message.type === DHCP_OFFER && this.state === 'selecting') {
      if (message.yourAddress.isUnspecified || message.serverIdentifier.isUnspecified) return;
      this.state = 'requesting';
      this.#offer = message;
      this.#requests = 0;
      this.#retryUs = RETRY_FIRST_US;
      this.#repeat();
    } else if (message.type === DHCP_NAK && this.state !== 'selecting' && this.state !== 'bound') {
      this.#refused();
    } else if (message.type === DHCP_ACK && this.state !== 'selecting' && this.state !== 'bound')
      this.#bind(message);
  }

  /** Starts over, but not at once: a server that refuses what it offers must not cause a storm. */
  #refused(): void {
    this.#drop();
    this.state = 'selecting';
    this.#transaction = this.#stack.random.word();
    this.#startedAt = this.#now;
    this.#retryUs = RETRY_FIRST_US;
    this.#offer = undefined;
    this.#renewAt = NEVER;
    this.#rebindAt = NEVER;
    this.#expireAt = NEVER;
    this.#retryAt = this.#now + REFUSED_US;
    this.#arm();
  }

  #bind(message: DhcpMessage): void {
    const address = message.yourAddress;
    if (address.isUnspecified || address.isMulticast) return;
    const bits = message.subnetMask.isUnspecified ? 24 : maskBits(message.subnetMask);
    if (bits < 0) return;
    const seconds = Math.max(message.leaseSeconds, LEASE_SECONDS_MIN);
    const before = this.lease;
    const lease: DhcpLease = {
      prefix: { address, bits },
      server:
        message.serverIdentifier.isUnspecified && before !== undefined
          ? before.server
          : message.serverIdentifier,
      routers: message.routers,
      dnsServers: message.dnsServers,
      domainName: message.domainName,
      leaseSeconds: seconds,
    };
    if (before !== undefined && !before.prefix.address.equals(address)) this.#drop();
    if (this.lease === undefined) this.#apply(lease, message);
    this.lease = lease;
    this.state = 'bound';
    this.#schedule(message, seconds);
    this.onLease?.(lease);
  }

  #apply(lease: DhcpLease, message: DhcpMessage): void {
    this.#stack.addAddress(this.#interface, lease.prefix);
    if (lease.routers.length > 0) this.#stack.addDefaultRoute(this.#interface, lease.routers[0]);
    if (message.mtu >= 576 && message.mtu < this.#interface.mtu) this.#interface.mtu = message.mtu;
  }

  #schedule(message: DhcpMessage, seconds: number): void {
    this.#retryAt = NEVER;
    if (seconds >= INFINITE_SECONDS) {
      this.#renewAt = NEVER;
      this.#rebindAt = NEVER;
      this.#expireAt = NEVER;
    } else {
      const renew = message.renewalSeconds === 0 ? Math.trunc(seconds / 2) : message.renewalSeconds;
      const rebind =
        message.rebindingSeconds === 0 ? Math.trunc((seconds * 7) / 8) : message.rebindingSeconds;
      this.#renewAt = this.#now + Math.min(renew, seconds) * SECOND_US;
      this.#rebindAt = this.#now + Math.min(rebind, seconds) * SECOND_US;
      this.#expireAt = this.#now + seconds * SECOND_US;
    }
    this.#arm();
  }

  #drop(): void {
    const lease = this.lease;
    if (lease === undefined) return;
    this.lease = undefined;
    for (const router of lease.routers)
      for (const route of this.#stack.routes.routes.slice())
        if (route.gateway?.equals(router) === true && route.networkInterface === this.#interface)
          this.#stack.routes.remove(route);
    this.#stack.removeAddress(this.#interface, lease.prefix);
    this.onLease?.(undefined);
  }

  #due(now: number): void {
    if (this.#expireAt <= now) {
      this.#drop();
      this.#select();
      return;
    }
    if (this.#rebindAt <= now && this.state !== 'rebinding') {
      this.state = 'rebinding';
      this.#rebindAt = NEVER;
      this.#begin();
    } else if (this.#renewAt <= now && this.state === 'bound') {
      this.state = 'renewing';
      this.#renewAt = NEVER;
      this.#begin();
    } else if (this.#retryAt <= now) this.#repeat();
    else this.#arm();
  }

  #begin(): void {
    this.#transaction = this.#stack.random.word();
    this.#startedAt = this.#now;
    this.#retryUs = RETRY_FIRST_US;
    this.#repeat();
  }

  #arm(): void {
    this.#stack.timers.set(
      this.#timer,
      Math.min(this.#retryAt, this.#renewAt, this.#rebindAt, this.#expireAt),
    );
  }
}
