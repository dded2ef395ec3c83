/**
 * What the frames say.
 *
 * The guest speaks first, with HELLO; the host sends nothing before, because bytes for a line that nobody has set up yet
 * would be lost. Data flows under credit in both directions, so that neither a program that does not read its input nor a
 * host pipe that nobody drains keeps a signal, an exit status or the other stream from passing.
 *
 *     guest -> host                            host -> guest
 *     HELLO     u8 version, u32 input credit   INPUT      bytes (within credit)
 *     STDOUT    bytes (within credit)          INPUT_END  -
 *     STDERR    bytes (within credit)          SIGNAL     u8 Linux signal number
 *     LOG       text of the kernel             WINDOW     u16 rows, u16 columns
 *     CREDIT    u32 more input bytes           CREDIT     u32 more output bytes
 *     STARTED   u64 time-stamp counter         STOP       - (end the machine now, in order)
 *     EXIT      u8 cause, u8 value
 *
 * EXIT is the guest's last frame; all output frames came before it. Numbers are little endian.
 */
export const FRAME_HELLO = 0x01;
export const FRAME_STDOUT = 0x02;
export const FRAME_STDERR = 0x03;
export const FRAME_LOG = 0x04;
export const FRAME_CREDIT = 0x05;
export const FRAME_STARTED = 0x06;
export const FRAME_EXIT = 0x07;
export const FRAME_INPUT = 0x11;
export const FRAME_INPUT_END = 0x12;
export const FRAME_SIGNAL = 0x13;
export const FRAME_WINDOW = 0x14;
export const FRAME_STOP = 0x15;

/** The program returned: the value is its status. */
export const EXIT_STATUS = 0;
/** A signal ended the program: the value is its number. */
export const EXIT_SIGNAL = 1;
/** The kernel gave up (panic, no memory, composition error): the value is the status to report. */
export const EXIT_KERNEL = 2;
/** The program cannot run here: the value is 126 or 127; the reason was written to stderr. */
export const EXIT_REFUSED = 3;

export type Message =
  | { readonly kind: 'hello'; readonly version: number; readonly inputCredit: number }
  | { readonly kind: 'stdout'; readonly bytes: Uint8Array }
  | { readonly kind: 'stderr'; readonly bytes: Uint8Array }
  | { readonly kind: 'log'; readonly bytes: Uint8Array }
  | { readonly kind: 'credit'; readonly bytes: number }
  | { readonly kind: 'started'; readonly counter: bigint }
  | { readonly kind: 'exit'; readonly cause: number; readonly value: number }
  | { readonly kind: 'input'; readonly bytes: Uint8Array }
  | { readonly kind: 'inputEnd' }
  | { readonly kind: 'signal'; readonly signal: number }
  | { readonly kind: 'window'; readonly rows: number; readonly columns: number }
  | { readonly kind: 'stop' }
  /** A type that this version does not know, or a body of the wrong length. */
  | { readonly kind: 'unknown'; readonly type: number };

export interface RawMessage {
  readonly type: number;
  readonly body: Uint8Array;
}

export function readU16(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (readU16(bytes, at) | (readU16(bytes, at + 2) << 16)) >>> 0;
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value & 0xff;
  bytes[at + 1] = (value >>> 8) & 0xff;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  writeU16(bytes, at, value & 0xffff);
  writeU16(bytes, at + 2, (value >>> 16) & 0xffff);
}

function readU64(bytes: Uint8Array, at: number): bigint {
  const low = BigInt(readU32(bytes, at));
  const high = BigInt(readU32(bytes, at + 4));
  return BigInt.asUintN(64, BigInt.asUintN(64, high << 32n) | low);
}

function writeU64(bytes: Uint8Array, at: number, value: bigint): void {
  writeU32(bytes, at, Number(BigInt.asUintN(32, value)));
  writeU32(bytes, at + 4, Number(BigInt.asUintN(32, BigInt.asUintN(64, value) >> 32n)));
}

function bytesOf(length: number): Uint8Array {
  return new Uint8Array(length);
}

/** The frame that says `message`. Bodies of data messages are borrowed, not copied. */
export function packMessage(message: Message): RawMessage {
  switch (message.kind) {
    case 'hello': {
      const body = bytesOf(5);
      body[0] = message.version;
      writeU32(body, 1, message.inputCredit);
      return { type: FRAME_HELLO, body };
    }
    case 'stdout':
      return { type: FRAME_STDOUT, body: message.bytes };
    case 'stderr':
      return { type: FRAME_STDERR, body: message.bytes };
    case 'log':
      return { type: FRAME_LOG, body: message.bytes };
    case 'credit': {
      const body = bytesOf(4);
      writeU32(body, 0, message.bytes);
      return { type: FRAME_CREDIT, body };
    }
    case 'started': {
      const body = bytesOf(8);
      writeU64(body, 0, message.counter);
      return { type: FRAME_STARTED, body };
    }
    case 'exit': {
      const body = bytesOf(2);
      body[0] = message.cause;
      body[1] = message.value;
      return { type: FRAME_EXIT, body };
    }
    case 'input':
      return { type: FRAME_INPUT, body: message.bytes };
    case 'inputEnd':
      return { type: FRAME_INPUT_END, body: bytesOf(0) };
    case 'signal': {
      const body = bytesOf(1);
      body[0] = message.signal;
      return { type: FRAME_SIGNAL, body };
    }
    case 'window': {
      const body = bytesOf(4);
      writeU16(body, 0, message.rows);
      writeU16(body, 2, message.columns);
      return { type: FRAME_WINDOW, body };
    }
    case 'stop':
      return { type: FRAME_STOP, body: bytesOf(0) };
    case 'unknown':
      return { type: message.type, body: bytesOf(0) };
  }
}

/** The message in a frame. Copies the body of data messages. */
export function unpackMessage(
  type: number,
  bytes: Uint8Array,
  start: number,
  length: number,
): Message {
  switch (type) {
    case FRAME_HELLO:
      if (length !== 5) break;
      return { kind: 'hello', version: bytes[start], inputCredit: readU32(bytes, start + 1) };
    case FRAME_STDOUT:
      return { kind: 'stdout', bytes: bytes.slice(start, start + length) };
    case FRAME_STDERR:
      return { kind: 'stderr', bytes: bytes.slice(start, start + length) };
    case FRAME_LOG:
      return { kind: 'log', bytes: bytes.slice(start, start + length) };
    case FRAME_CREDIT:
      if (length !== 4) break;
      return { kind: 'credit', bytes: readU32(bytes, start) };
    case FRAME_STARTED:
      if (length !== 8) break;
      return { kind: 'started', counter: readU64(bytes, start) };
    case FRAME_EXIT:
      if (length !== 2) break;
      return { kind: 'exit', cause: bytes[start], value: bytes[start + 1] };
    case FRAME_INPUT:
      return { kind: 'input', bytes: bytes.slice(start, start + length) };
    case FRAME_INPUT_END:
      if (length !== 0) break;
      return { kind: 'inputEnd' };
    case FRAME_SIGNAL:
      if (length !== 1) break;
      return { kind: 'signal', signal: bytes[start] };
    case FRAME_WINDOW:
      if (length !== 4) break;
      return {
        kind: 'window',
        rows: readU16(bytes, start),
        columns: readU16(bytes, start + 2),
      };
    case FRAME_STOP:
      if (length !== 0) break;
      return { kind: 'stop' };
    default:
      break;
  }
  return { kind: 'unknown', type };
}
