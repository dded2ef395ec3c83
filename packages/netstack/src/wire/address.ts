// Internet addresses of both families in one shape.
//
// An address is four signed 32-bit words. IPv4 is kept in its IPv6-mapped form ::ffff:a.b.c.d, so that tables, sockets
// and TCP have one code path and a dual-stack listener needs none of its own. `0.0.0.0` is ::ffff:0.0.0.0; the
// unspecified IPv6 address is all zero. Instances made by the constructors below are treated as immutable; only the
// owner of a scratch address may call `set`/`copyFrom` on it.

import { read32, write32 } from './bytes.js';

const MAPPED_WORD = 0xffff;

export class IpAddress {
  w0: number;
  w1: number;
  w2: number;
  w3: number;

  constructor(w0: number, w1: number, w2: number, w3: number) {
    this.w0 = w0 | 0;
    this.w1 = w1 | 0;
    this.w2 = w2 | 0;
    this.w3 = w3 | 0;
  }

  get isV4(): boolean {
    return this.w2 === MAPPED_WORD && this.w0 === 0 && this.w1 === 0;
  }

  /** 0.0.0.0 or ::. */
  get isUnspecified(): boolean {
    return (
      this.w3 === 0 && this.w0 === 0 && this.w1 === 0 && (this.w2 === 0 || this.w2 === MAPPED_WORD)
    );
  }

  get isMulticast(): boolean {
    return this.isV4 ? this.w3 >>> 28 === 0xe : this.w0 >>> 24 === 0xff;
  }

  get isLoopback(): boolean {
    if (this.isV4) return this.w3 >>> 24 === 127;
    return this.w0 === 0 && this.w1 === 0 && this.w2 === 0 && this.w3 === 1;
  }

  /** 169.254/16 or fe80::/10. */
  get isLinkLocal(): boolean {
    return this.isV4 ? this.w3 >>> 16 === 0xa9fe : this.w0 >>> 22 === 0x3fa;
  }

  /** 255.255.255.255. */
  get isLimitedBroadcast(): boolean {
    return this.w3 === -1 && this.isV4;
  }

  equals(other: IpAddress): boolean {
    return (
      this.w3 === other.w3 && this.w2 === other.w2 && this.w1 === other.w1 && this.w0 === other.w0
    );
  }

  /** Overwrites a scratch address. */
  set(w0: number, w1: number, w2: number, w3: number): void {
    this.w0 = w0 | 0;
    this.w1 = w1 | 0;
    this.w2 = w2 | 0;
    this.w3 = w3 | 0;
  }

  copyFrom(other: IpAddress): void {
    this.w0 = other.w0;
    this.w1 = other.w1;
    this.w2 = other.w2;
    this.w3 = other.w3;
  }

  clone(): IpAddress {
    return new IpAddress(this.w0, this.w1, this.w2, this.w3);
  }

  /** Reads four bytes (IPv4) into a scratch address. */
  readV4(buffer: Uint8Array, at: number): void {
    this.set(0, 0, MAPPED_WORD, read32(buffer, at));
  }

  /** Reads 16 bytes (IPv6) into a scratch address. */
  readV6(buffer: Uint8Array, at: number): void {
    this.set(
      read32(buffer, at),
      read32(buffer, at + 4),
      read32(buffer, at + 8),
      read32(buffer, at + 12),
    );
  }

  writeV4(buffer: Uint8Array, at: number): void {
    write32(buffer, at, this.w3);
  }

  writeV6(buffer: Uint8Array, at: number): void {
    write32(buffer, at, this.w0);
    write32(buffer, at + 4, this.w1);
    write32(buffer, at + 8, this.w2);
    write32(buffer, at + 12, this.w3);
  }

  toString(): string {
    return this.isV4 ? formatV4(this.w3) : formatV6(this);
  }
}

export const ANY_V4: IpAddress = new IpAddress(0, 0, MAPPED_WORD, 0);
export const ANY_V6: IpAddress = new IpAddress(0, 0, 0, 0);
export const BROADCAST_V4: IpAddress = new IpAddress(0, 0, MAPPED_WORD, -1);
export const LOOPBACK_V4: IpAddress = new IpAddress(0, 0, MAPPED_WORD, 0x7f000001);
export const LOOPBACK_V6: IpAddress = new IpAddress(0, 0, 0, 1);
/** ff02::1, every node of the link. */
export const ALL_NODES_V6: IpAddress = new IpAddress(0xff020000, 0, 0, 1);
/** ff02::2, every router of the link. */
export const ALL_ROUTERS_V6: IpAddress = new IpAddress(0xff020000, 0, 0, 2);
/** 224.0.0.1, every host of the link. */
export const ALL_HOSTS_V4: IpAddress = new IpAddress(0, 0, MAPPED_WORD, 0xe0000001);

export function ipv4(a: number, b: number, c: number, d: number): IpAddress {
  return ipv4FromWord((a << 24) | (b << 16) | (c << 8) | d);
}

export function ipv4FromWord(word: number): IpAddress {
  return new IpAddress(0, 0, MAPPED_WORD, word);
}

/** The group ff02::1:ffXX:XXXX on which the owner of an address answers neighbour solicitations (RFC 4291, 2.7.1). */
export function solicitedNodeGroup(address: IpAddress): IpAddress {
  return new IpAddress(0xff020000, 0, 1, 0xff000000 | (address.w3 & 0xffffff));
}

/** Whether the first `bits` bits are equal; for IPv4 the length counts from the IPv4 part. */
export function samePrefix(a: IpAddress, b: IpAddress, bits: number): boolean {
  if (a.isV4 !== b.isV4) return false;
  let left = a.isV4 ? bits + 96 : bits;
  if (left >= 32) {
    if (a.w0 !== b.w0) return false;
    left -= 32;
  } else return sameHighBits(a.w0, b.w0, left);
  if (left >= 32) {
    if (a.w1 !== b.w1) return false;
    left -= 32;
  } else return sameHighBits(a.w1, b.w1, left);
  if (left >= 32) {
    if (a.w2 !== b.w2) return false;
    left -= 32;
  } else return sameHighBits(a.w2, b.w2, left);
  return left >= 32 ? a.w3 === b.w3 : sameHighBits(a.w3, b.w3, left);
}

function sameHighBits(a: number, b: number, bits: number): boolean {
  return bits <= 0 || (a ^ b) >>> (32 - bits) === 0;
}

function formatV4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`;
}

/** RFC 5952: lower case, the longest run of at least two zero groups is `::`, the first of equals. */
function formatV6(address: IpAddress): string {
  const groups: number[] = [];
  for (const word of [address.w0, address.w1, address.w2, address.w3]) {
    groups.push(word >>> 16);
    groups.push(word & 0xffff);
  }
  let bestAt = -1;
  let bestLength = 1;
  let run = 0;
  for (let i = 0; i < 8; i++) {
    run = groups[i] === 0 ? run + 1 : 0;
    if (run > bestLength) {
      bestLength = run;
      bestAt = i - run + 1;
    }
  }
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === bestAt) {
      text += '::';
      i += bestLength - 1;
      continue;
    }
    if (text.length > 0 && !text.endsWith(':')) text += ':';
    text += groups[i].toString(16);
  }
  return text;
}

/** Parses `1.2.3.4`; decimal without leading zeros, exactly four parts. */
export function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let word = 0;
  for (const part of parts) {
    const value = parseDecimalByte(part);
    if (value < 0) return undefined;
    word = (word << 8) | value;
  }
  return ipv4FromWord(word);
}

function parseDecimalByte(text: string): number {
  if (text.length === 0 || text.length > 3) return -1;
  if (text.length > 1 && text.charCodeAt(0) === 48) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value > 255 ? -1 : value;
}

/** Parses an address of either family. */
export function parseAddress(text: string): IpAddress | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

export function parseIpv6(text: string): IpAddress | undefined {
  const gap = text.indexOf('::');
  if (gap >= 0 && text.indexOf('::', gap + 1) >= 0) return undefined;
  const before = gap < 0 ? parseGroups(text) : parseGroups(text.slice(0, gap));
  const after = gap < 0 ? [] : parseGroups(text.slice(gap + 2));
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (gap < 0 ? missing !== 0 : missing < 1) return undefined;
  const groups = before;
  for (let i = 0; i < missing; i++) groups.push(0);
  for (const group of after) groups.push(group);
  return new IpAddress(
    (groups[0] << 16) | groups[1],
    (groups[2] << 16) | groups[3],
    (groups[4] << 16) | groups[5],
    (groups[6] << 16) | groups[7],
  );
}

/** Groups between single colons; the last may be dotted decimal and then counts as two. */
function parseGroups(text: string): number[] | undefined {
  const groups: number[] = [];
  if (text.length === 0) return groups;
  const parts = text.split(':');
  if (parts.length > 8) return undefined;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    if (i === parts.length - 1 && part.includes('.')) {
      const v4 = parseIpv4(part);
      if (v4 === undefined) return undefined;
      groups.push(v4.w3 >>> 16);
      groups.push(v4.w3 & 0xffff);
      continue;
    }
    const value = parseHexGroup(part);
    if (value < 0) return undefined;
    groups.push(value);
  }
  return groups;
}

function parseHexGroup(text: string): number {
  if (text.length === 0 || text.length > 4) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    let digit = -1;
    if (code >= 48 && code <= 57) digit = code - 48;
    else if (code >= 97 && code <= 102) digit = code - 87;
    else if (code >= 65 && code <= 70) digit = code - 55;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** An address with a prefix length: `10.0.0.2/24`. */
export interface IpPrefix {
  readonly address: IpAddress;
  readonly bits: number;
}

export function parsePrefix(text: string): IpPrefix | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bitsMax = address.isV4 ? 32 : 128;
  if (slash < 0) return { address, bits: bitsMax };
  const bits = parseDecimalByte(text.slice(slash + 1));
  if (bits < 0 || bits > bitsMax) return undefined;
  return { address, bits };
}
