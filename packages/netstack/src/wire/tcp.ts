// TCP header (RFC 9293 3.1).
//
//   |        source port         |      destination port      |
//   |                     sequence number                     |
//   |                  acknowledgment number                  |
//   | off |rsv|CWR ECE URG ACK PSH RST SYN FIN|     window     |
//   |         checksum           |       urgent pointer       |
//   |               options (0-40), then data                 |

import { read16, read32, write16, write32 } from './bytes.js';
import { TcpOptions } from './tcp-options.js';

export const TCP_HEADER_BYTES = 20;
export const TCP_FIN = 0x01;
export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_PSH = 0x08;
export const TCP_ACK = 0x10;
export const TCP_URG = 0x20;
export const TCP_ECE = 0x40;
export const TCP_CWR = 0x80;

export class TcpView {
  buffer: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;

  /** False unless the data offset covers the header and fits the segment. */
  over(buffer: Uint8Array, at: number, end: number): boolean {
    this.buffer = buffer;
    this.at = at;
    this.end = end;
    if (end - at < TCP_HEADER_BYTES) return false;
    const header = this.headerBytes;
    return header >= TCP_HEADER_BYTES && header <= end - at;
  }

  get sourcePort(): number {
    return read16(this.buffer, this.at);
  }
  get destinationPort(): number {
    return read16(this.buffer, this.at + 2);
  }
  /** Signed word, like every sequence number here. */
  get sequence(): number {
    return read32(this.buffer, this.at + 4);
  }
  get acknowledgment(): number {
    return read32(this.buffer, this.at + 8);
  }
  get headerBytes(): number {
    return (this.buffer[this.at + 12] >>> 4) << 2;
  }
  get flags(): number {
    return this.buffer[this.at + 13];
  }
  get window(): number {
    return read16(this.buffer, this.at + 14);
  }
  get checksum(): number {
    return read16(this.buffer, this.at + 16);
  }
  get urgentPointer(): number {
    return read16(this.buffer, this.at + 18);
  }
  get payloadAt(): number {
    return this.at + this.headerBytes;
  }
  get payloadBytes(): number {
    return this.end - this.payloadAt;
  }
}

export interface TcpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly window: number;
  readonly urgentPointer: number;
  readonly options: TcpOptions;
}

export function parseTcp(buffer: Uint8Array, at: number, end: number): TcpHeader | undefined {
  const view = new TcpView();
  if (!view.over(buffer, at, end)) return undefined;
  const options = new TcpOptions();
  options.parse(buffer, at + TCP_HEADER_BYTES, view.payloadAt);
  return {
    sourcePort: view.sourcePort,
    destinationPort: view.destinationPort,
    sequence: view.sequence,
    acknowledgment: view.acknowledgment,
    flags: view.flags,
    window: view.window,
    urgentPointer: view.urgentPointer,
    options,
  };
}

/** Writes header and options, checksum zero; returns the header length. */
export function emitTcp(header: TcpHeader, buffer: Uint8Array, at: number): number {
  const optionBytes = header.options.emit(buffer, at + TCP_HEADER_BYTES);
  writeTcpHeader(
    buffer,
    at,
    header.sourcePort,
    header.destinationPort,
    header.sequence,
    header.acknowledgment,
    header.flags,
    header.window,
    header.urgentPointer,
    TCP_HEADER_BYTES + optionBytes,
  );
  return TCP_HEADER_BYTES + optionBytes;
}

/** The data path's emit of the fixed part, checksum zero. */
export function writeTcpHeader(
  buffer: Uint8Array,
  at: number,
  sourcePort: number,
  destinationPort: number,
  sequence: number,
  acknowledgment: number,
  flags: number,
  window: number,
  urgentPointer: number,
  headerBytes: number,
): void {
  write16(buffer, at, sourcePort);
  write16(buffer, at + 2, destinationPort);
  write32(buffer, at + 4, sequence);
  write32(buffer, at + 8, acknowledgment);
  buffer[at + 12] = (headerBytes >>> 2) << 4;
  buffer[at + 13] = flags;
  write16(buffer, at + 14, window);
  write16(buffer, at + 16, 0);
  write16(buffer, at + 18, urgentPointer);
}
