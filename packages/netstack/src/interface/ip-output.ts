// Sending IP packets without an object per packet.
//
// A transport calls `open` with everything the headers need, writes its bytes at `payloadAt` of `buffer`, and calls
// `commit`. Where the buffer lies depends on what must happen:
//   direct     the device's own buffer: nothing is copied again
//   waiting    a staging buffer; the neighbour cache keeps a copy until the address is known
//   fragments  a staging buffer, cut at `commit`
// Between the two calls no other packet may be opened.

import { type Random, TransmitOffload } from '../contract.js';
import type { Instant } from '../timers.js';
import type { IpAddress } from '../wire/address.js';
import { copyBytes, write16 } from '../wire/bytes.js';
import { finishChecksum, foldSum } from '../wire/checksum.js';
import {
  ETHERNET_HEADER_BYTES,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  type MacAddress,
} from '../wire/ethernet.js';
import { emitIpv4, IPV4_HEADER_BYTES, pseudoHeaderSum, writeIpv4Header } from '../wire/ipv4.js';
import {
  emitFragmentHeader,
  IPV6_FRAGMENT_HEADER_BYTES,
  IPV6_HEADER_BYTES,
  NEXT_FRAGMENT,
  writeIpv6Header,
} from '../wire/ipv6.js';
import type { NetworkInterface } from './interface.js';
import type { Neighbour } from './neighbours.js';
import type { Path } from './paths.js';

const STAGING_BYTES = 65535 + 64;
const NO_OPTIONS: Uint8Array = new Uint8Array(0);

export type OpenStatus = 'open' | 'busy' | 'too-big';

export class IpOutput {
  readonly #instant: Instant;
  readonly #random: Random;
  readonly #offload: TransmitOffload = new TransmitOffload();
  readonly #noOffload: TransmitOffload = new TransmitOffload();
  readonly #staging: Uint8Array = new Uint8Array(STAGING_BYTES);

  /** Valid between `open` and `commit`. */
  buffer: Uint8Array = this.#staging;
  payloadAt = 0;

  #mode: 'direct' | 'waiting' | 'fragments' = 'direct';
  #interface: NetworkInterface | undefined = undefined;
  #neighbour: Neighbour | undefined = undefined;
  #source: IpAddress | undefined = undefined;
  #destination: IpAddress | undefined = undefined;
  #protocol = 0;
  #payloadBytes = 0;
  #packetAt = 0;
  #trafficClass = 0;
  #hopLimit = 0;
  #mtu = 0;
  #segmentBytes = 0;

  constructor(instant: Instant, random: Random) {
    this.#instant = instant;
    this.#random = random;
  }

  get now(): number {
    return this.#instant.us;
  }

  /** Opens a packet along a path. `source` is usually `path.source`. */
  open(
    path: Path,
    source: IpAddress,
    protocol: number,
    payloadBytes: number,
    trafficClass: number,
    hopLimit: number,
    dontFragment: boolean,
  ): OpenStatus {
    return this.openVia(
      path.networkInterface,
      path.neighbour,
      path.mtu(this.#instant.us),
      source,
      path.destination,
      protocol,
      payloadBytes,
      trafficClass,
      hopLimit,
      dontFragment,
      0,
    );
  }

  /** The general form; `segmentBytes` not 0: a large TCP segment that the device cuts. */
  openVia(
    networkInterface: NetworkInterface,
    neighbour: Neighbour | undefined,
    mtu: number,
    source: IpAddress,
    destination: IpAddress,
    protocol: number,
    payloadBytes: number,
    trafficClass: number,
    hopLimit: number,
    dontFragment: boolean,
    segmentBytes: number,
  ): OpenStatus {
    const isV4 = destination.isV4;
    const ipBytes = isV4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
    const total = ipBytes + payloadBytes;
    const fits = total <= mtu || segmentBytes > 0;
    if (!fits && (dontFragment || payloadBytes > 65535 - ipBytes)) return 'too-big';
    const linkBytes = networkInterface.linkHeaderBytes;
    this.#interface = networkInterface;
    this.#neighbour = neighbour;
    this.#source = source;
    this.#destination = destination;
    this.#protocol = protocol;
    this.#payloadBytes = payloadBytes;
    this.#trafficClass = trafficClass;
    this.#hopLimit = hopLimit;
    this.#mtu = mtu;
    this.#segmentBytes = segmentBytes;
    if (!fits) this.#mode = 'fragments';
    else if (linkBytes > 0 && neighbour !== undefined && !neighbour.isResolved)
      this.#mode = 'waiting';
    else this.#mode = 'direct';
    this.#offload.needsChecksum = false;
    if (this.#mode === 'direct') {
      const lent = networkInterface.device.reserve(linkBytes + total);
      if (lent === undefined) return 'busy';
      this.buffer = lent;
      this.#packetAt = linkBytes;
      if (linkBytes > 0 && neighbour !== undefined)
        this.#writeLink(lent, networkInterface, neighbour.mac, isV4);
    } else {
      this.buffer = this.#staging;
      this.#packetAt = 0;
    }
    this.payloadAt = this.#packetAt + ipBytes;
    if (isV4)
      writeIpv4Header(
        this.buffer,
        this.#packetAt,
        source,
        destination,
        protocol,
        payloadBytes,
        trafficClass,
        hopLimit,
        0,
        dontFragment,
      );
    else
      writeIpv6Header(
        this.buffer,
        this.#packetAt,
        source,
        destination,
        protocol,
        payloadBytes,
        trafficClass,
        hopLimit,
        0,
      );
    return 'open';
  }

  /** Fills in the transport checksum, whose field lies `offset` bytes into the payload and is zero now. */
  finishChecksum(offset: number): void {
    if (
      this.#source === undefined ||
      this.#destination === undefined ||
      this.#interface === undefined
    )
      return;
    const pseudo = pseudoHeaderSum(
      this.#source,
      this.#destination,
      this.#protocol,
      this.#payloadBytes,
    );
    const fieldAt = this.payloadAt + offset;
    if (this.#mode === 'direct' && this.#interface.device.capabilities.checksumTransmit) {
      this.#offload.needsChecksum = true;
      this.#offload.checksumStart = this.payloadAt;
      this.#offload.checksumOffset = offset;
      write16(this.buffer, fieldAt, foldSum(pseudo));
      return;
    }
    const sum =
      pseudo + this.#interface.checksummer.sum(this.buffer, this.payloadAt, this.#payloadBytes);
    const value = finishChecksum(sum);
    write16(this.buffer, fieldAt, value === 0 && this.#protocol === 17 ? 0xffff : value);
  }

  /** Sends the open packet. `headerBytes`: transport header length, for segmentation. */
  commit(headerBytes: number): void {
    const networkInterface = this.#interface;
    if (networkInterface === undefined) return;
    const total = this.payloadAt + this.#payloadBytes - this.#packetAt;
    if (this.#mode === 'direct') {
      const frameBytes = this.#packetAt + total;
      this.#offload.segmentBytes = this.#segmentBytes;
      this.#offload.headerBytes = this.payloadAt + headerBytes;
      if (this.#neighbour !== undefined)
        networkInterface.neighbours?.use(this.#neighbour, this.#instant.us);
      networkInterface.counters.framesOut += 1;
      networkInterface.counters.bytesOut += frameBytes;
      networkInterface.device.commit(frameBytes, this.#offload);
    } else if (this.#mode === 'waiting') {
      if (this.#neighbour !== undefined)
        networkInterface.neighbours?.wait(
          this.#neighbour,
          this.buffer.subarray(0, total),
          this.#instant.us,
        );
    } else this.#fragment(networkInterface);
  }

  /** Sends a finished IP packet to a neighbour. False: the device had no room. */
  sendPacket(
    networkInterface: NetworkInterface,
    neighbour: Neighbour | undefined,
    packet: Uint8Array,
    length: number,
  ): boolean {
    if (networkInterface.linkHeaderBytes > 0 && neighbour !== undefined && !neighbour.isResolved) {
      networkInterface.neighbours?.wait(neighbour, packet.subarray(0, length), this.#instant.us);
      return true;
    }
    const linkBytes = networkInterface.linkHeaderBytes;
    const lent = networkInterface.device.reserve(linkBytes + length);
    if (lent === undefined) return false;
    if (linkBytes > 0 && neighbour !== undefined)
      this.#writeLink(lent, networkInterface, neighbour.mac, packet[0] >>> 4 === 4);
    copyBytes(lent, linkBytes, packet, 0, length);
    networkInterface.counters.framesOut += 1;
    networkInterface.counters.bytesOut += linkBytes + length;
    networkInterface.device.commit(linkBytes + length, this.#noOffload);
    return true;
  }

  /** Sends a frame that is not IP (ARP). The callback writes `length` bytes at the given place. */
  sendFrame(
    networkInterface: NetworkInterface,
    destination: MacAddress,
    etherType: number,
    length: number,
    write: (buffer: Uint8Array, at: number) => void,
  ): void {
    const lent = networkInterface.device.reserve(ETHERNET_HEADER_BYTES + length);
    if (lent === undefined) {
      networkInterface.counters.dropped += 1;
      return;
    }
    destination.write(lent, 0);
    networkInterface.device.capabilities.mac.write(lent, 6);
    write16(lent, 12, etherType);
    write(lent, ETHERNET_HEADER_BYTES);
    networkInterface.counters.framesOut += 1;
    networkInterface.counters.bytesOut += ETHERNET_HEADER_BYTES + length;
    networkInterface.device.commit(ETHERNET_HEADER_BYTES + length, this.#noOffload);
  }

  #writeLink(
    buffer: Uint8Array,
    networkInterface: NetworkInterface,
    mac: MacAddress,
    isV4: boolean,
  ): void {
    mac.write(buffer, 0);
    networkInterface.device.capabilities.mac.write(buffer, 6);
    write16(buffer, 12, isV4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
  }

  #fragment(networkInterface: NetworkInterface): void {
    const source = this.#source;
    const destination = this.#destination;
    if (source === undefined || destination === undefined) return;
    const isV4 = destination.isV4;
    const headerBytes = isV4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES + IPV6_FRAGMENT_HEADER_BYTES;
    const pieceMax = (this.#mtu - headerBytes) & ~7;
    const identification = this.#random.word();
    for (let offset = 0; offset < this.#payloadBytes; offset += pieceMax) {
      const length = Math.min(pieceMax, this.#payloadBytes - offset);
      const more = offset + length < this.#payloadBytes;
      const piece = new Uint8Array(headerBytes + length);
      if (isV4) {
        emitIpv4(
          {
            trafficClass: this.#trafficClass,
            identification: identification & 0xffff,
            dontFragment: false,
            moreFragments: more,
            fragmentOffset: offset,
            timeToLive: this.#hopLimit,
            protocol: this.#protocol,
            source,
            destination,
            options: NO_OPTIONS,
            payloadBytes: length,
          },
          piece,
          0,
        );
      } else {
        writeIpv6Header(
          piece,
          0,
          source,
          destination,
          NEXT_FRAGMENT,
          IPV6_FRAGMENT_HEADER_BYTES + length,
          this.#trafficClass,
          this.#hopLimit,
          0,
        );
        emitFragmentHeader(
          {
            nextHeader: this.#protocol,
            fragmentOffset: offset,
            moreFragments: more,
            identification,
          },
          piece,
          IPV6_HEADER_BYTES,
        );
      }
      copyBytes(piece, headerBytes, this.#staging, this.payloadAt + offset, length);
      if (!this.sendPacket(networkInterface, this.#neighbour, piece, piece.length)) {
        networkInterface.counters.dropped += 1;
        return;
      }
    }
  }
}
