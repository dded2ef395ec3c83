// ICMPv4 (RFC 792) and ICMPv6 (RFC 4443) share one shape: type, code, checksum, one word, then bytes.

import { copyBytes, copyOf, read16, read32, write16, write32 } from './bytes.js';

export const ICMP_HEADER_BYTES = 8;

export const ICMPV4_ECHO_REPLY = 0;
export const ICMPV4_UNREACHABLE = 3;
export const ICMPV4_ECHO_REQUEST = 8;
export const ICMPV4_TIME_EXCEEDED = 11;
export const ICMPV4_PARAMETER_PROBLEM = 12;
export const UNREACHABLE_NET = 0;
export const UNREACHABLE_HOST = 1;
export const UNREACHABLE_PROTOCOL = 2;
export const UNREACHABLE_PORT = 3;
export const UNREACHABLE_FRAGMENTATION_NEEDED = 4;

export const ICMPV6_UNREACHABLE = 1;
export const ICMPV6_PACKET_TOO_BIG = 2;
export const ICMPV6_TIME_EXCEEDED = 3;
export const ICMPV6_PARAMETER_PROBLEM = 4;
export const ICMPV6_ECHO_REQUEST = 128;
export const ICMPV6_ECHO_REPLY = 129;
export const ICMPV6_MLD_QUERY = 130;
export const ICMPV6_MLD_REPORT = 131;
export const ICMPV6_MLD_DONE = 132;
export const ICMPV6_ROUTER_SOLICITATION = 133;
export const ICMPV6_ROUTER_ADVERTISEMENT = 134;
export const ICMPV6_NEIGHBOUR_SOLICITATION = 135;
export const ICMPV6_NEIGHBOUR_ADVERTISEMENT = 136;
export const ICMPV6_REDIRECT = 137;
export const ICMPV6_MLD2_REPORT = 143;
export const V6_UNREACHABLE_PORT = 4;

export class IcmpView {
  buffer: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;

  over(buffer: Uint8Array, at: number, end: number): boolean {
    this.buffer = buffer;
    this.at = at;
    this.end = end;
    return end - at >= ICMP_HEADER_BYTES;
  }

  get type(): number {
    return this.buffer[this.at];
  }
  get code(): number {
    return this.buffer[this.at + 1];
  }
  get checksum(): number {
    return read16(this.buffer, this.at + 2);
  }
  /** The second word: identifier and sequence of an echo, the MTU, a pointer. Signed. */
  get word(): number {
    return read32(this.buffer, this.at + 4);
  }
  get bodyAt(): number {
    return this.at + ICMP_HEADER_BYTES;
  }
}

export interface IcmpMessage {
  readonly type: number;
  readonly code: number;
  readonly word: number;
  readonly body: Uint8Array;
}

export function parseIcmp(buffer: Uint8Array, at: number, end: number): IcmpMessage | undefined {
  const view = new IcmpView();
  if (!view.over(buffer, at, end)) return undefined;
  return {
    type: view.type,
    code: view.code,
    word: view.word,
    body: copyOf(buffer, view.bodyAt, end),
  };
}

/** Writes the message with a checksum of zero (ICMPv6 needs the pseudo header, so the sender fills it in). */
export function emitIcmp(message: IcmpMessage, buffer: Uint8Array, at: number): void {
  buffer[at] = message.type;
  buffer[at + 1] = message.code;
  write16(buffer, at + 2, 0);
  write32(buffer, at + 4, message.word);
  copyBytes(buffer, at + ICMP_HEADER_BYTES, message.body, 0, message.body.length);
}

/** True for messages that report an error: those are never answered with an error (RFC 1122 3.2.2, RFC 4443 2.4). */
export function isIcmpv4Error(type: number): boolean {
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
}
