// DHCPv4 messages (RFC 2131, options RFC 2132).
//
// A fixed part of 236 bytes in the shape of BOOTP, the magic cookie, then options (code, length, bytes).

import { ANY_V4, type IpAddress, ipv4FromWord } from './address.js';
import { copyBytes, read16, read32, readUnsigned32, write16, write32 } from './bytes.js';
import { type MacAddress, readMac } from './ethernet.js';

export const DHCP_CLIENT_PORT = 68;
export const DHCP_SERVER_PORT = 67;
export const DHCP_MESSAGE_BYTES_MAX = 576;
const FIXED_BYTES = 236;
const MAGIC = 0x63825363;

export const DHCP_DISCOVER = 1;
export const DHCP_OFFER = 2;
export const DHCP_REQUEST = 3;
export const DHCP_DECLINE = 4;
export const DHCP_ACK = 5;
export const DHCP_NAK = 6;
export const DHCP_RELEASE = 7;
export const DHCP_INFORM = 8;

const OPTION_PAD = 0;
const OPTION_MASK = 1;
const OPTION_ROUTER = 3;
const OPTION_DNS = 6;
const OPTION_HOST_NAME = 12;
const OPTION_DOMAIN = 15;
const OPTION_MTU = 26;
const OPTION_REQUESTED = 50;
const OPTION_LEASE = 51;
const OPTION_TYPE = 53;
const OPTION_SERVER = 54;
const OPTION_PARAMETERS = 55;
const OPTION_SIZE_MAX = 57;
const OPTION_RENEWAL = 58;
const OPTION_REBINDING = 59;
const OPTION_CLIENT_ID = 61;
const OPTION_END = 255;
const SERVERS_MAX = 8;

export interface DhcpMessage {
  /** DHCP_DISCOVER to DHCP_INFORM. */
  readonly type: number;
  readonly isReply: boolean;
  readonly transaction: number;
  readonly secondsElapsed: number;
  readonly broadcast: boolean;
  readonly clientAddress: IpAddress;
  readonly yourAddress: IpAddress;
  readonly clientMac: MacAddress;
  /** Unspecified: not present, here and below. */
  readonly requestedAddress: IpAddress;
  readonly serverIdentifier: IpAddress;
  readonly subnetMask: IpAddress;
  readonly routers: IpAddress[];
  readonly dnsServers: IpAddress[];
  /** 0: not present. */
  readonly leaseSeconds: number;
  readonly renewalSeconds: number;
  readonly rebindingSeconds: number;
  readonly mtu: number;
  readonly hostName: string;
  readonly domainName: string;
}

/** A message with every optional part absent, to spread over. */
export function emptyDhcp(type: number, transaction: number, clientMac: MacAddress): DhcpMessage {
  return {
    type,
    isReply: false,
    transaction,
    secondsElapsed: 0,
    broadcast: false,
    clientAddress: ANY_V4,
    yourAddress: ANY_V4,
    clientMac,
    requestedAddress: ANY_V4,
    serverIdentifier: ANY_V4,
    subnetMask: ANY_V4,
    routers: [],
    dnsServers: [],
    leaseSeconds: 0,
    renewalSeconds: 0,
    rebindingSeconds: 0,
    mtu: 0,
    hostName: '',
    domainName: '',
  };
}

class DhcpOptions {
  type = 0;
  requestedAddress: IpAddress = ANY_V4;
  serverIdentifier: IpAddress = ANY_V4;
  subnetMask: IpAddress = ANY_V4;
  routers: IpAddress[] = [];
  dnsServers: IpAddress[] = [];
  leaseSeconds = 0;
  renewalSeconds = 0;
  rebindingSeconds = 0;
  mtu = 0;
  hostName = '';
  domainName = '';

  parse(buffer: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const code = buffer[at];
      if (code === OPTION_END) return;
      if (code === OPTION_PAD) {
        at += 1;
        continue;
      }
      if (at + 2 > end) return;
      const length = buffer[at + 1];
      if (at + 2 + length > end) return;
      this.#option(code, buffer, at + 2, length);
      at += 2 + length;
    }
  }

  #option(code: number, buffer: Uint8Array, at: number, length: number): void {
    if (code === OPTION_HOST_NAME) this.hostName = readText(buffer, at, length);
    else if (code === OPTION_DOMAIN) this.domainName = readText(buffer, at, length);
    else if (code === OPTION_TYPE && length === 1) this.type = buffer[at];
    else if (code === OPTION_MTU && length === 2) this.mtu = read16(buffer, at);
    else if (code === OPTION_ROUTER) readList(buffer, at, length, this.routers);
    else if (code === OPTION_DNS) readList(buffer, at, length, this.dnsServers);
    if (length !== 4) return;
    if (code === OPTION_MASK) this.subnetMask = ipv4FromWord(read32(buffer, at));
    else if (code === OPTION_REQUESTED) this.requestedAddress = ipv4FromWord(read32(buffer, at));
    else if (code === OPTION_SERVER) this.serverIdentifier = ipv4FromWord(read32(buffer, at));
    else if (code === OPTION_LEASE) this.leaseSeconds = readUnsigned32(buffer, at);
    else if (code === OPTION_RENEWAL) this.renewalSeconds = readUnsigned32(buffer, at);
    else if (code === OPTION_REBINDING) this.rebindingSeconds = readUnsigned32(buffer, at);
  }
}

function readText(buffer: Uint8Array, at: number, length: number): string {
  let text = '';
  for (let i = 0; i < length && buffer[at + i] !== 0; i++)
    text += String.fromCharCode(buffer[at + i]);
  return text;
}

function readList(buffer: Uint8Array, at: number, length: number, list: IpAddress[]): void {
  for (let i = 0; i + 4 <= length && list.length < SERVERS_MAX; i += 4)
    list.push(ipv4FromWord(read32(buffer, at + i)));
}

export function parseDhcp(buffer: Uint8Array, at: number, end: number): DhcpMessage | undefined {
  if (end - at < FIXED_BYTES + 4) return undefined;
  const operation = buffer[at];
  if ((operation !== 1 && operation !== 2) || buffer[at + 1] !== 1 || buffer[at + 2] !== 6)
    return undefined;
  if (read32(buffer, at + FIXED_BYTES) !== MAGIC) return undefined;
  const options = new DhcpOptions();
  options.parse(buffer, at + FIXED_BYTES + 4, end);
  if (options.type === 0) return undefined;
  return {
    type: options.type,
    isReply: operation === 2,
    transaction: read32(buffer, at + 4),
    secondsElapsed: read16(buffer, at + 8),
    broadcast: (buffer[at + 10] & 0x80) !== 0,
    clientAddress: ipv4FromWord(read32(buffer, at + 12)),
    yourAddress: ipv4FromWord(read32(buffer, at + 16)),
    clientMac: readMac(buffer, at + 28),
    requestedAddress: options.requestedAddress,
    serverIdentifier: options.serverIdentifier,
    subnetMask: options.subnetMask,
    routers: options.routers,
    dnsServers: options.dnsServers,
    leaseSeconds: options.leaseSeconds,
    renewalSeconds: options.renewalSeconds,
    rebindingSeconds: options.rebindingSeconds,
    mtu: options.mtu,
    hostName: options.hostName,
    domainName: options.domainName,
  };
}

class OptionWriter {
  readonly buffer: Uint8Array;
  at: number;

  constructor(buffer: Uint8Array, at: number) {
    this.buffer = buffer;
    this.at = at;
  }

  start(code: number, length: number): number {
    this.buffer[this.at] = code;
    this.buffer[this.at + 1] = length;
    const value = this.at + 2;
    this.at = value + length;
    return value;
  }

  word(code: number, value: number): void {
    if (value !== 0) write32(this.buffer, this.start(code, 4), value);
  }

  list(code: number, addresses: IpAddress[]): void {
    if (addresses.length === 0) return;
    const at = this.start(code, 4 * addresses.length);
    for (let i = 0; i < addresses.length; i++) addresses[i].writeV4(this.buffer, at + 4 * i);
  }

  text(code: number, value: string): void {
    if (value.length === 0) return;
    const length = Math.min(value.length, 63);
    const at = this.start(code, length);
    for (let i = 0; i < length; i++) this.buffer[at + i] = value.charCodeAt(i) & 0xff;
  }
}

/** Writes a message of at most DHCP_MESSAGE_BYTES_MAX bytes and returns its length. */
export function emitDhcp(message: DhcpMessage, buffer: Uint8Array, at: number): number {
  buffer.fill(0, at, at + FIXED_BYTES);
  buffer[at] = message.isReply ? 2 : 1;
  buffer[at + 1] = 1;
  buffer[at + 2] = 6;
  write32(buffer, at + 4, message.transaction);
  write16(buffer, at + 8, message.secondsElapsed);
  buffer[at + 10] = message.broadcast ? 0x80 : 0;
  message.clientAddress.writeV4(buffer, at + 12);
  message.yourAddress.writeV4(buffer, at + 16);
  message.clientMac.write(buffer, at + 28);
  write32(buffer, at + FIXED_BYTES, MAGIC);
  const writer = new OptionWriter(buffer, at + FIXED_BYTES + 4);
  buffer[writer.start(OPTION_TYPE, 1)] = message.type;
  if (!message.isReply) emitClientOptions(message, writer);
  writer.word(OPTION_REQUESTED, message.requestedAddress.w3);
  writer.word(OPTION_SERVER, message.serverIdentifier.w3);
  writer.word(OPTION_MASK, message.subnetMask.w3);
  writer.list(OPTION_ROUTER, message.routers);
  writer.list(OPTION_DNS, message.dnsServers);
  writer.word(OPTION_LEASE, message.leaseSeconds);
  writer.word(OPTION_RENEWAL, message.renewalSeconds);
  writer.word(OPTION_REBINDING, message.rebindingSeconds);
  if (message.mtu !== 0) write16(buffer, writer.start(OPTION_MTU, 2), message.mtu);
  writer.text(OPTION_HOST_NAME, message.hostName);
  writer.text(OPTION_DOMAIN, message.domainName);
  buffer[writer.at] = OPTION_END;
  return writer.at + 1 - at;
}

function emitClientOptions(message: DhcpMessage, writer: OptionWriter): void {
  const id = writer.start(OPTION_CLIENT_ID, 7);
  writer.buffer[id] = 1;
  message.clientMac.write(writer.buffer, id + 1);
  write16(writer.buffer, writer.start(OPTION_SIZE_MAX, 2), DHCP_MESSAGE_BYTES_MAX);
  const wanted = [
    OPTION_MASK,
    OPTION_ROUTER,
    OPTION_DNS,
    OPTION_DOMAIN,
    OPTION_MTU,
    OPTION_RENEWAL,
    OPTION_REBINDING,
  ];
  const list = new Uint8Array(wanted);
  copyBytes(writer.buffer, writer.start(OPTION_PARAMETERS, list.length), list, 0, list.length);
}

/** Prefix length of a mask; -1 when its bits are not contiguous. */
export function maskBits(mask: IpAddress): number {
  let bits = 0;
  let word = mask.w3;
  while (word < 0) {
    bits += 1;
    word = (word << 1) | 0;
  }
  return word === 0 ? bits : -1;
}
