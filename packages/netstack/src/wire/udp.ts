// UDP (RFC 768): source port, destination port, length, checksum.

import { read16, write16 } from './bytes.js';

export const UDP_HEADER_BYTES = 8;

export class UdpView {
  buffer: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;

  /** False unless the length field covers the header and fits the datagram. */
  over(buffer: Uint8Array, at: number, end: number): boolean {
    this.buffer = buffer;
    this.at = at;
    this.end = end;
    if (end - at < UDP_HEADER_BYTES) return false;
    const length = this.length;
    if (length < UDP_HEADER_BYTES || length > end - at) return false;
    this.end = at + length;
    return true;
  }

  get sourcePort(): number {
    return read16(this.buffer, this.at);
  }
  get destinationPort(): number {
    return read16(this.buffer, this.at + 2);
  }
  get length(): number {
    return read16(this.buffer, this.at + 4);
  }
  get checksum(): number {
    return read16(this.buffer, this.at + 6);
  }
  get payloadAt(): number {
    return this.at + UDP_HEADER_BYTES;
  }
}

export interface UdpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payloadBytes: number;
}

export function parseUdp(buffer: Uint8Array, at: number, end: number): UdpHeader | undefined {
  const view = new UdpView();
  if (!view.over(buffer, at, end)) return undefined;
  return {
    sourcePort: view.sourcePort,
    destinationPort: view.destinationPort,
    payloadBytes: view.length - UDP_HEADER_BYTES,
  };
}

/** Writes the header with a checksum of zero; the sender fills it in when the payload stands. */
export function emitUdp(header: UdpHeader, buffer: Uint8Array, at: number): void {
  write16(buffer, at, header.sourcePort);
  write16(buffer, at + 2, header.destinationPort);
  write16(buffer, at + 4, UDP_HEADER_BYTES + header.payloadBytes);
  write16(buffer, at + 6, 0);
}
