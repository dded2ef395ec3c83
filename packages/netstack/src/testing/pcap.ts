// Captures in the classic pcap format, for tcpdump, tshark and Wireshark.

const LINKTYPE_ETHERNET = 1;
const LINKTYPE_RAW = 101;

export class PcapWriter {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(medium: 'ethernet' | 'ip' = 'ethernet') {
    const header = new Uint8Array(24);
    const view = new DataView(header.buffer);
    view.setUint32(0, 0xa1b2c3d4);
    view.setUint16(4, 2);
    view.setUint16(6, 4);
    view.setUint32(16, 262144);
    view.setUint32(20, medium === 'ethernet' ? LINKTYPE_ETHERNET : LINKTYPE_RAW);
    this.#push(header);
  }

  /** Copies a frame. */
  frame(nowUs: number, buffer: Uint8Array, length: number = buffer.length): void {
    const record = new Uint8Array(16 + length);
    const view = new DataView(record.buffer);
    view.setUint32(0, Math.floor(nowUs / 1_000_000));
    view.setUint32(4, nowUs % 1_000_000);
    view.setUint32(8, length);
    view.setUint32(12, length);
    record.set(buffer.subarray(0, length), 16);
    this.#push(record);
  }

  /** The whole file. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  #push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }
}
