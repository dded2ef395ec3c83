// Ethernet II. Addresses are two words: the high 16 bits and the low 32 bits (signed), so that no path allocates.
//
//   0        6        12       14
//   | destination | source | type | payload ...

import { read16, read32, write16, write32 } from './bytes.js';

export const ETHERNET_HEADER_BYTES = 14;
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;

export class MacAddress {
  readonly high: number;
  readonly low: number;

  constructor(high: number, low: number) {
    this.high = high & 0xffff;
    this.low = low | 0;
  }

  get isMulticast(): boolean {
    return (this.high & 0x100) !== 0;
  }

  equals(other: MacAddress): boolean {
    return this.low === other.low && this.high === other.high;
  }

  write(buffer: Uint8Array, at: number): void {
    write16(buffer, at, this.high);
    write32(buffer, at + 2, this.low);
  }

  toString(): string {
    const hex =
      this.high.toString(16).padStart(4, '0') + (this.low >>> 0).toString(16).padStart(8, '0');
    let text = hex.slice(0, 2);
    for (let i = 2; i < 12; i += 2) text += ':' + hex.slice(i, i + 2);
    return text;
  }
}

export const MAC_BROADCAST: MacAddress = new MacAddress(0xffff, -1);
export const MAC_ZERO: MacAddress = new MacAddress(0, 0);

export function readMac(buffer: Uint8Array, at: number): MacAddress {
  return new MacAddress(read16(buffer, at), read32(buffer, at + 2));
}

/** Parses `02:00:00:00:00:01`. */
export function parseMac(text: string): MacAddress | undefined {
  const parts = text.split(':');
  if (parts.length !== 6) return undefined;
  let high = 0;
  let low = 0;
  for (let i = 0; i < 6; i++) {
    if (parts[i].length !== 2) return undefined;
    const value = Number.parseInt(parts[i], 16);
    if (!(value >= 0) || value.toString(16).padStart(2, '0') !== parts[i].toLowerCase())
      return undefined;
    if (i < 2) high = (high << 8) | value;
    else low = (low << 8) | value;
  }
  return new MacAddress(high, low);
}

/** View of one frame; re-positioned for each, never allocated on the data path. */
export class EthernetView {
  buffer: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;

  /** False when the frame is shorter than a header. */
  over(buffer: Uint8Array, at: number, end: number): boolean {
    this.buffer = buffer;
    this.at = at;
    this.end = end;
    return end - at >= ETHERNET_HEADER_BYTES;
  }

  get destinationHigh(): number {
    return read16(this.buffer, this.at);
  }
  get destinationLow(): number {
    return read32(this.buffer, this.at + 2);
  }
  get destination(): MacAddress {
    return readMac(this.buffer, this.at);
  }
  get source(): MacAddress {
    return readMac(this.buffer, this.at + 6);
  }
  get etherType(): number {
    return read16(this.buffer, this.at + 12);
  }
  get payloadAt(): number {
    return this.at + ETHERNET_HEADER_BYTES;
  }
}

export interface EthernetHeader {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  readonly etherType: number;
}

export function parseEthernet(
  buffer: Uint8Array,
  at: number,
  end: number,
): EthernetHeader | undefined {
  const view = new EthernetView();
  if (!view.over(buffer, at, end)) return undefined;
  return { destination: view.destination, source: view.source, etherType: view.etherType };
}

export function emitEthernet(header: EthernetHeader, buffer: Uint8Array, at: number): void {
  header.destination.write(buffer, at);
  header.source.write(buffer, at + 6);
  write16(buffer, at + 12, header.etherType);
}
