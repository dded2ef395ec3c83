// A link over a WebSocket: one Ethernet frame per binary message. Works wherever there is a global WebSocket. Messages
// are dropped while more than `queueBytesMax` wait to be sent, as a full queue of a real link would.

import type { LinkCapabilities, TransmitOffload } from '../contract.js';
import { MacAddress } from '../wire/ethernet.js';
import type { BrowserDevice } from './host.js';

export interface WebSocketLinkOptions {
  readonly mtu?: number;
  readonly mac?: MacAddress;
  readonly queueBytesMax?: number;
}

const QUEUE_BYTES_MAX = 1 << 20;

export class WebSocketLink implements BrowserDevice {
  readonly capabilities: LinkCapabilities;
  readonly #socket: WebSocket;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #queueBytesMax: number;

  private constructor(socket: WebSocket, options: WebSocketLinkOptions) {
    this.#socket = socket;
    const mtu = options.mtu ?? 1500;
    this.#buffer = new Uint8Array(mtu + 64);
    this.#queueBytesMax = options.queueBytesMax ?? QUEUE_BYTES_MAX;
    const random = crypto.getRandomValues(new Int32Array(2));
    this.capabilities = {
      medium: 'ethernet',
      mtu,
      mac: options.mac ?? new MacAddress(0x0200 | (random[0] & 0xff), random[1]),
      checksumTransmit: false,
      checksumReceive: false,
      segmentationBytesMax: 0,
    };
  }

  /** Settles when the socket is open. */
  static open(url: string, options: WebSocketLinkOptions = {}): Promise<WebSocketLink> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      socket.binaryType = 'arraybuffer';
      socket.onopen = (): void => resolve(new WebSocketLink(socket, options));
      socket.onerror = (): void => reject(new Error(`cannot connect to ${url}`));
    });
  }

  reserve(bytes: number): Uint8Array | undefined {
    if (bytes > this.#buffer.length || this.#socket.readyState !== WebSocket.OPEN) return undefined;
    return this.#socket.bufferedAmount > this.#queueBytesMax ? undefined : this.#buffer;
  }

  commit(bytes: number, _offload: TransmitOffload): void {
    this.#socket.send(this.#buffer.slice(0, bytes));
  }

  start(frame: (buffer: Uint8Array, length: number) => void): void {
    this.#socket.onmessage = (event: MessageEvent): void => {
      if (!(event.data instanceof ArrayBuffer)) return;
      const bytes = new Uint8Array(event.data);
      frame(bytes, bytes.length);
    };
  }

  close(): void {
    this.#socket.close();
  }
}
