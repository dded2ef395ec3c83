// DNS messages (RFC 1035, AAAA RFC 3596, EDNS RFC 6891), as far as a stub resolver needs them.
//
// Names are text with dots, one code per byte. Compression pointers must point backwards and the number of jumps is
// bounded, so a hostile message cannot loop.

import { IpAddress } from './address.js';
import { read16, readUnsigned32, write16, write32 } from './bytes.js';

export const DNS_PORT = 53;
export const DNS_MESSAGE_BYTES_MAX = 1232;
export const DNS_HEADER_BYTES = 12;
export const DNS_TYPE_A = 1;
export const DNS_TYPE_CNAME = 5;
export const DNS_TYPE_PTR = 12;
export const DNS_TYPE_OPT = 41;
export const DNS_TYPE_AAAA = 28;
const CLASS_IN = 1;
const NAME_BYTES_MAX = 255;
const JUMPS_MAX = 32;
const RECORDS_MAX = 64;

export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
}

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly ttlSeconds: number;
  /** Of A and AAAA records. */
  readonly address: IpAddress | undefined;
  /** Of CNAME and PTR records. */
  readonly target: string;
}

export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  /** 0: no error, 3: no such name. */
  readonly responseCode: number;
  readonly questions: DnsQuestion[];
  readonly answers: DnsRecord[];
}

/** Reads names and remembers where the cursor stands behind them. */
class NameReader {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
  at: number;

  constructor(buffer: Uint8Array, start: number, end: number) {
    this.buffer = buffer;
    this.start = start;
    this.end = end;
    this.at = start + DNS_HEADER_BYTES;
  }

  /** Undefined when malformed. The root is the empty text. */
  name(): string | undefined {
    let text = '';
    let position = this.at;
    let behind = -1;
    for (let jumps = 0; jumps <= JUMPS_MAX; ) {
      if (position >= this.end) return undefined;
      const length = this.buffer[position];
      if (length === 0) {
        this.at = behind < 0 ? position + 1 : behind;
        return text;
      }
      if (length >>> 6 === 3) {
        if (position + 2 > this.end) return undefined;
        const target = this.start + (read16(this.buffer, position) & 0x3fff);
        if (target >= position) return undefined;
        if (behind < 0) behind = position + 2;
        position = target;
        jumps += 1;
        continue;
      }
      if (length > 63 || position + 1 + length > this.end) return undefined;
      if (text.length + length + 1 > NAME_BYTES_MAX) return undefined;
      if (text.length > 0) text += '.';
      for (let i = 1; i <= length; i++) text += String.fromCharCode(this.buffer[position + i]);
      position += 1 + length;
    }
    return undefined;
  }
}

export function parseDns(buffer: Uint8Array, at: number, end: number): DnsMessage | undefined {
  if (end - at < DNS_HEADER_BYTES) return undefined;
  const reader = new NameReader(buffer, at, end);
  const flags = read16(buffer, at + 2);
  const questions: DnsQuestion[] = [];
  for (let i = read16(buffer, at + 4); i > 0; i--) {
    const name = reader.name();
    if (name === undefined || reader.at + 4 > end || questions.length >= RECORDS_MAX)
      return undefined;
    questions.push({ name, type: read16(buffer, reader.at) });
    reader.at += 4;
  }
  const answers: DnsRecord[] = [];
  for (let i = read16(buffer, at + 6); i > 0; i--) {
    const record = parseRecord(reader);
    if (record === undefined || answers.length >= RECORDS_MAX) return undefined;
    answers.push(record);
  }
  return {
    id: read16(buffer, at),
    isResponse: (flags & 0x8000) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    responseCode: flags & 0x0f,
    questions,
    answers,
  };
}

function parseRecord(reader: NameReader): DnsRecord | undefined {
  const buffer = reader.buffer;
  const name = reader.name();
  if (name === undefined || reader.at + 10 > reader.end) return undefined;
  const type = read16(buffer, reader.at);
  const ttlSeconds = readUnsigned32(buffer, reader.at + 4);
  const length = read16(buffer, reader.at + 8);
  const data = reader.at + 10;
  if (data + length > reader.end) return undefined;
  let address: IpAddress | undefined;
  let target = '';
  if (type === DNS_TYPE_A && length === 4) {
    address = new IpAddress(0, 0, 0, 0);
    address.readV4(buffer, data);
  } else if (type === DNS_TYPE_AAAA && length === 16) {
    address = new IpAddress(0, 0, 0, 0);
    address.readV6(buffer, data);
  } else if (type === DNS_TYPE_CNAME || type === DNS_TYPE_PTR) {
    reader.at = data;
    const parsed = reader.name();
    if (parsed === undefined) return undefined;
    target = parsed;
  }
  reader.at = data + length;
  return { name, type, ttlSeconds, address, target };
}

/** Bytes of a name on the wire, or -1 when it is not a legal name. */
export function dnsNameBytes(name: string): number {
  if (name.length === 0) return 1;
  if (name.length > NAME_BYTES_MAX - 2) return -1;
  for (const label of name.split('.')) if (label.length === 0 || label.length > 63) return -1;
  return name.length + 2;
}

function emitName(name: string, buffer: Uint8Array, start: number): number {
  let at = start;
  if (name.length > 0) {
    for (const label of name.split('.')) {
      buffer[at] = label.length;
      for (let i = 0; i < label.length; i++) buffer[at + 1 + i] = label.charCodeAt(i) & 0xff;
      at += 1 + label.length;
    }
  }
  buffer[at] = 0;
  return at + 1;
}

/** Writes a message without compression and returns its length. Preconditions: legal names, room for them. */
export function emitDns(message: DnsMessage, buffer: Uint8Array, start: number): number {
  buffer.fill(0, start, start + DNS_HEADER_BYTES);
  write16(buffer, start, message.id);
  const flags =
    (message.isResponse ? 0x8000 : 0) |
    (message.truncated ? 0x0200 : 0) |
    (message.recursionDesired ? 0x0100 : 0) |
    message.responseCode;
  write16(buffer, start + 2, flags);
  write16(buffer, start + 4, message.questions.length);
  write16(buffer, start + 6, message.answers.length);
  let at = start + DNS_HEADER_BYTES;
  for (const question of message.questions) {
    at = emitName(question.name, buffer, at);
    write16(buffer, at, question.type);
    write16(buffer, at + 2, CLASS_IN);
    at += 4;
  }
  for (const record of message.answers) at = emitRecord(record, buffer, at);
  return at - start;
}

function emitRecord(record: DnsRecord, buffer: Uint8Array, start: number): number {
  const at = emitName(record.name, buffer, start);
  write16(buffer, at, record.type);
  write16(buffer, at + 2, CLASS_IN);
  write32(buffer, at + 4, record.ttlSeconds);
  const data = at + 10;
  let end = data;
  if (record.address !== undefined && record.type === DNS_TYPE_A) {
    record.address.writeV4(buffer, data);
    end = data + 4;
  } else if (record.address !== undefined && record.type === DNS_TYPE_AAAA) {
    record.address.writeV6(buffer, data);
    end = data + 16;
  } else if (record.type === DNS_TYPE_CNAME || record.type === DNS_TYPE_PTR) {
    end = emitName(record.target, buffer, data);
  }
  write16(buffer, at + 8, end - data);
  return end;
}
