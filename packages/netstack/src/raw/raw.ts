// Raw sockets: every packet of one protocol, whole (IPv4 with its header, as Linux does) or from the payload on (IPv6).

import { EVENT_READABLE, type EventQueue, EventSource, type NetError } from '../events.js';
import type { IpOutput } from '../interface/ip-output.js';
import type { IncomingPacket } from '../interface/packet.js';
import type { Paths } from '../interface/paths.js';
import type { Limits } from '../limits.js';
import type { IpAddress } from '../wire/address.js';
import { copyBytes, copyOf } from '../wire/bytes.js';
import { PROTOCOL_ICMPV6 } from '../wire/ipv4.js';

const PACKET_OVERHEAD_BYTES = 64;

export interface RawPacket {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly data: Uint8Array;
  /** Offset of the transport header in `data`. */
  readonly payloadAt: number;
  readonly hopLimit: number;
}

export class RawSocket extends EventSource {
  readonly protocol: number;
  readonly isV4: boolean;
  readonly #table: RawTable;
  readonly #queue: RawPacket[] = [];
  #queuedBytes = 0;
  hopLimit = 64;
  dropped = 0;

  constructor(table: RawTable, protocol: number, isV4: boolean) {
    super();
    this.#table = table;
    this.protocol = protocol;
    this.isV4 = isV4;
  }

  /** Sends a payload; the stack adds the IP header, and the checksum of ICMPv6. */
  send(payload: Uint8Array, destination: IpAddress): NetError | undefined {
    return this.#table.send(this, payload, destination);
  }

  receive(): RawPacket | undefined {
    const packet = this.#queue.shift();
    if (packet !== undefined) this.#queuedBytes -= packet.data.length + PACKET_OVERHEAD_BYTES;
    return packet;
  }

  close(): void {
    this.#table.close(this);
    this.#queue.length = 0;
  }

  /** For the table. */
  enqueue(packet: RawPacket, bytesMax: number): boolean {
    const bytes = packet.data.length + PACKET_OVERHEAD_BYTES;
    if (this.#queuedBytes + bytes > bytesMax) {
      this.dropped += 1;
      return false;
    }
    this.#queuedBytes += bytes;
    this.#queue.push(packet);
    return true;
  }
}

export class RawTable {
  readonly #paths: Paths;
  readonly #output: IpOutput;
  readonly #events: EventQueue;
  readonly #limits: Limits;
  #sockets: RawSocket[] = [];

  constructor(paths: Paths, output: IpOutput, events: EventQueue, limits: Limits) {
    this.#paths = paths;
    this.#output = output;
    this.#events = events;
    this.#limits = limits;
  }

  create(protocol: number, isV4: boolean): RawSocket {
    const socket = new RawSocket(this, protocol, isV4);
    this.#sockets.push(socket);
    return socket;
  }

  close(socket: RawSocket): void {
    this.#sockets = this.#sockets.filter((other) => other !== socket);
  }

  send(socket: RawSocket, payload: Uint8Array, destination: IpAddress): NetError | undefined {
    if (destination.isV4 !== socket.isV4) return 'invalid';
    const path = this.#paths.lookup(destination);
    if (path === undefined) return 'unreachable';
    const opened = this.#output.open(
      path,
      path.source,
      socket.protocol,
      payload.length,
      0,
      socket.hopLimit,
      false,
    );
    if (opened !== 'open') return opened;
    copyBytes(this.#output.buffer, this.#output.payloadAt, payload, 0, payload.length);
    if (socket.protocol === PROTOCOL_ICMPV6 && !socket.isV4 && payload.length >= 4) {
      this.#output.buffer[this.#output.payloadAt + 2] = 0;
      this.#output.buffer[this.#output.payloadAt + 3] = 0;
      this.#output.finishChecksum(2);
    }
    this.#output.commit(0);
    return undefined;
  }

  /** True when a socket took a copy. */
  tap(packet: IncomingPacket): boolean {
    if (this.#sockets.length === 0) return false;
    let taken = false;
    for (const socket of this.#sockets) {
      if (socket.protocol !== packet.protocol || socket.isV4 !== packet.isV4) continue;
      const start = packet.isV4 ? packet.packetAt : packet.payloadAt;
      const copy: RawPacket = {
        source: packet.source.clone(),
        destination: packet.destination.clone(),
        data: copyOf(packet.buffer, start, packet.end),
        payloadAt: packet.payloadAt - start,
        hopLimit: packet.hopLimit,
      };
      taken = true;
      if (socket.enqueue(copy, this.#limits.udpReceiveBytesMax))
        this.#events.post(socket, EVENT_READABLE);
    }
    return taken;
  }
}
