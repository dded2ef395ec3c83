/** xenstore messages: `type, request id, transaction id, length` (u32 each), then at most 4096 bytes of payload. */

export enum StoreMessage {
  Directory = 1,
  Read = 2,
  GetPermissions = 3,
  Watch = 4,
  Unwatch = 5,
  TransactionStart = 6,
  TransactionEnd = 7,
  GetDomainPath = 10,
  Write = 11,
  MakeDirectory = 12,
  Remove = 13,
  SetPermissions = 14,
  WatchEvent = 15,
  Error = 16,
}

export const STORE_HEADER_BYTES = 16;
export const STORE_PAYLOAD_MAX = 4096;
export const STORE_PATH_MAX = 3072;
export const STORE_RELATIVE_PATH_MAX = 2048;

/** Puts a byte stream back together into messages. */
export class StoreAssembler {
  readonly header: Uint8Array = new Uint8Array(STORE_HEADER_BYTES);
  readonly payload: Uint8Array = new Uint8Array(STORE_PAYLOAD_MAX);
  readonly #view: DataView;
  #headerBytes = 0;
  #payloadBytes = 0;
  type = 0;
  requestId = 0;
  transactionId = 0;
  length = 0;
  /** A length beyond the limit: the stream cannot be followed any more. */
  isBroken = false;

  constructor() {
    this.#view = new DataView(this.header.buffer);
  }

  /** Where and how many bytes to put next; 0 when a message is complete or the stream is broken. */
  wanted(): number {
    if (this.isBroken) return 0;
    if (this.#headerBytes < STORE_HEADER_BYTES) return STORE_HEADER_BYTES - this.#headerBytes;
    return this.length - this.#payloadBytes;
  }

  wantsHeader(): boolean {
    return this.#headerBytes < STORE_HEADER_BYTES;
  }

  filledBytes(): number {
    return this.wantsHeader() ? this.#headerBytes : this.#payloadBytes;
  }

  /** `bytes` were put at `filledBytes()`; true when the message is complete. */
  accept(bytes: number): boolean {
    if (this.wantsHeader()) {
      this.#headerBytes += bytes;
      if (this.#headerBytes < STORE_HEADER_BYTES) return false;
      this.type = this.#view.getUint32(0, true);
      this.requestId = this.#view.getUint32(4, true);
      this.transactionId = this.#view.getUint32(8, true);
      this.length = this.#view.getUint32(12, true);
      if (this.length > STORE_PAYLOAD_MAX) {
        this.isBroken = true;
        return false;
      }
      this.#payloadBytes = 0;
    } else this.#payloadBytes += bytes;
    return this.#payloadBytes === this.length;
  }

  next(): void {
    this.#headerBytes = 0;
    this.#payloadBytes = 0;
  }

  /** The payload as text, one code per byte. */
  text(): string {
    return bytesToText(this.payload, this.length);
  }
}

export function bytesToText(bytes: Uint8Array, count: number): string {
  let text = '';
  for (let i = 0; i < count; i += 1) text += String.fromCharCode(bytes[i]);
  return text;
}

export function encodeStoreMessage(
  type: number,
  requestId: number,
  transactionId: number,
  payload: string,
): Uint8Array {
  const bytes = new Uint8Array(STORE_HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, requestId, true);
  view.setUint32(8, transactionId, true);
  view.setUint32(12, payload.length, true);
  for (let i = 0; i < payload.length; i += 1) bytes[STORE_HEADER_BYTES + i] = payload.charCodeAt(i);
  return bytes;
}

/** Words that each end with NUL; a last one without it counts too. */
export function splitWords(text: string): string[] {
  const words = text.split('\0');
  if (words.length > 0 && words[words.length - 1] === '') words.pop();
  return words;
}

/** Absolute, or relative (to the domain's home); no empty parts, no trailing slash; the characters Xen allows. */
export function isStorePath(path: string): boolean {
  if (path === '/') return true;
  if (path.length === 0) return false;
  if (path.length > (path.startsWith('/') ? STORE_PATH_MAX : STORE_RELATIVE_PATH_MAX)) return false;
  if (path.endsWith('/') || path.indexOf('//') >= 0) return false;
  for (let i = 0; i < path.length; i += 1) {
    if (!isPathCode(path.charCodeAt(i))) return false;
  }
  return true;
}

function isPathCode(code: number): boolean {
  if (code >= 48 && code <= 57) return true;
  if ((code >= 65 && code <= 90) || (code >= 97 && code <= 122)) return true;
  return code === 45 || code === 47 || code === 95 || code === 64;
}
