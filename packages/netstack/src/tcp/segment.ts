// An arriving segment, decoded once into plain fields. One object per stack, reused.

import type { IncomingPacket } from '../interface/packet.js';
import { TCP_FIN, TCP_HEADER_BYTES, TCP_SYN, TcpView } from '../wire/tcp.js';
import { TcpOptions } from '../wire/tcp-options.js';

export class Segment {
  readonly view: TcpView = new TcpView();
  readonly options: TcpOptions = new TcpOptions();
  buffer: Uint8Array = new Uint8Array(0);
  payloadAt = 0;
  payloadBytes = 0;
  sequence = 0;
  acknowledgment = 0;
  flags = 0;
  /** Not scaled. */
  window = 0;
  urgentPointer = 0;
  sourcePort = 0;
  destinationPort = 0;
  /** Sequence space it takes: data, SYN, FIN. */
  length = 0;
  /** The IP header said congestion experienced. */
  congestionExperienced = false;

  /** False when the header is malformed. */
  read(packet: IncomingPacket): boolean {
    const view = this.view;
    if (!view.over(packet.buffer, packet.payloadAt, packet.end)) return false;
    this.buffer = packet.buffer;
    this.sourcePort = view.sourcePort;
    this.destinationPort = view.destinationPort;
    this.sequence = view.sequence;
    this.acknowledgment = view.acknowledgment;
    this.flags = view.flags;
    this.window = view.window;
    this.urgentPointer = view.urgentPointer;
    this.payloadAt = view.payloadAt;
    this.payloadBytes = view.end - view.payloadAt;
    this.length = this.payloadBytes;
    if ((this.flags & TCP_SYN) !== 0) this.length += 1;
    if ((this.flags & TCP_FIN) !== 0) this.length += 1;
    this.congestionExperienced = (packet.trafficClass & 3) === 3;
    if (view.headerBytes > TCP_HEADER_BYTES)
      this.options.parse(packet.buffer, view.at + TCP_HEADER_BYTES, view.payloadAt);
    else this.options.clear();
    return true;
  }
}
