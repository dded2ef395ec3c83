/**
 * The guest's end of the console line.
 *
 * Receiving is in two steps. The interrupt handler calls `onInterrupt`, which only moves bytes from the port to a ring
 * made beforehand (no allocation, no decoding); a thread calls `poll`, which decodes and calls the events. When the ring
 * is full the port is left alone, the line stops, and `poll` takes the rest: no byte is lost.
 *
 * Sending happens on the calling thread: `writeOutput` takes what the credit allows and says how much that was; 0 means
 * "sleep until `outputReady`". Nothing here blocks, except that the port itself may wait for the line.
 */
import { FrameDecoder, FrameEncoder, type FrameSink } from '../frame.js';
import {
  BODY_BYTES_MAX,
  INPUT_WINDOW_BYTES,
  OUTPUT_WINDOW_BYTES,
  PROTOCOL_VERSION,
  RECEIVE_RING_BYTES,
} from '../limits.js';
import {
  FRAME_CREDIT,
  FRAME_EXIT,
  FRAME_HELLO,
  FRAME_INPUT,
  FRAME_INPUT_END,
  FRAME_LOG,
  FRAME_SIGNAL,
  FRAME_STARTED,
  FRAME_STDERR,
  FRAME_STDOUT,
  FRAME_STOP,
  FRAME_WINDOW,
  packMessage,
  readU16,
  readU32,
  writeU32,
} from '../messages.js';

/** The serial port, as `machine` gives it. */
export interface SerialPort {
  /** Sends all the bytes; may wait for the line. Borrows the bytes. */
  write(bytes: Uint8Array, start: number, length: number): void;
  /** The next received byte, or -1 when there is none now. Callable from the interrupt handler. */
  read(): number;
  /** Keeps the interrupt handler out (from a thread, never nested), and lets it in again. */
  mask(): void;
  unmask(): void;
}

/** What the host says. Called from `poll`, on the thread that calls it. */
export interface ConsoleEvents {
  /** Input for the program; borrowed, valid until the method returns. Call `inputTaken` when the program has read it. */
  input(bytes: Uint8Array, start: number, length: number): void;
  inputEnd(): void;
  /** Linux's signal number: SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP, SIGCONT. */
  signal(signal: number): void;
  window(rows: number, columns: number): void;
  /** `writeOutput` takes bytes again. */
  outputReady(): void;
  /** The host wants the machine to end. */
  stop(): void;
}

export class GuestConsole implements FrameSink {
  private readonly port: SerialPort;
  private readonly events: ConsoleEvents;
  private readonly encoder: FrameEncoder = new FrameEncoder();
  private readonly decoder: FrameDecoder;
  private readonly ring: Uint8Array = new Uint8Array(RECEIVE_RING_BYTES);
  /** Free-running counters: the interrupt handler moves `ringHead`, `poll` moves `ringTail`. Wrapped at 2^31. */
  private ringHead = 0;
  private ringTail = 0;
  private outputCredit: number = OUTPUT_WINDOW_BYTES;
  /** Bytes that the program read since the last credit was granted. */
  private inputReturned = 0;
  private readonly small: Uint8Array = new Uint8Array(16);

  constructor(port: SerialPort, events: ConsoleEvents) {
    this.port = port;
    this.events = events;
    this.decoder = new FrameDecoder(this);
  }

  /** The first frame. Before it the host sends nothing. */
  hello(): void {
    this.small[0] = PROTOCOL_VERSION;
    writeU32(this.small, 1, INPUT_WINDOW_BYTES);
    this.send(FRAME_HELLO, this.small, 0, 5);
  }

  /** From the interrupt handler: true when `poll` has something to do. */
  onInterrupt(): boolean {
    while (this.ringUsed() < RECEIVE_RING_BYTES) {
      const byte = this.port.read();
      if (byte < 0) break;
      this.ring[this.ringHead & (RECEIVE_RING_BYTES - 1)] = byte;
      this.ringHead = (this.ringHead + 1) & 0x7fffffff;
    }
    return this.ringUsed() > 0;
  }

  /** Decodes what has come and calls the events. True when there was anything. */
  poll(): boolean {
    let any = false;
    for (;;) {
      const used = this.ringUsed();
      if (used === 0) {
        // What did not fit in the ring raises no second interrupt: look at the port itself.
        this.port.mask();
        const more = this.onInterrupt();
        this.port.unmask();
        if (!more) break;
        continue;
      }
      any = true;
      const start = this.ringTail & (RECEIVE_RING_BYTES - 1);
      const run = Math.min(used, RECEIVE_RING_BYTES - start);
      this.decoder.push(this.ring, start, start + run);
      this.ringTail = (this.ringTail + run) & 0x7fffffff;
    }
    return any;
  }

  /** Sends output of the program: `descriptor` 1 or 2. Returns the bytes taken, 0 while there is no credit. */
  writeOutput(descriptor: number, bytes: Uint8Array, start: number, length: number): number {
    const type = descriptor === 2 ? FRAME_STDERR : FRAME_STDOUT;
    const allowed = Math.min(length, this.outputCredit);
    let sent = 0;
    while (sent < allowed) {
      const part = Math.min(allowed - sent, BODY_BYTES_MAX);
      this.send(type, bytes, start + sent, part);
      sent += part;
    }
    this.outputCredit -= sent;
    return sent;
  }

  /** Bytes that `writeOutput` would take now. */
  outputSpace(): number {
    return this.outputCredit;
  }

  /** The program has read so many input bytes: the host may send as many again. */
  inputTaken(length: number): void {
    this.inputReturned += length;
    // Every half window: a credit frame per byte of an interactive program would be dear, one per window would stall.
    if (this.inputReturned < INPUT_WINDOW_BYTES >> 1) return;
    writeU32(this.small, 0, this.inputReturned);
    this.inputReturned = 0;
    this.send(FRAME_CREDIT, this.small, 0, 4);
  }

  /** A line of the kernel's log (no credit: the log is short, or the user asked for it). */
  log(text: string): void {
    let at = 0;
    do {
      const length = Math.min(text.length - at, BODY_BYTES_MAX);
      const bytes = new Uint8Array(length);
      for (let index = 0; index < length; index++)
        bytes[index] = text.charCodeAt(at + index) & 0xff;
      this.send(FRAME_LOG, bytes, 0, length);
      at += length;
    } while (at < text.length);
  }

  /** The program runs its first instruction now; `counter` is the time-stamp counter. */
  started(counter: bigint): void {
    const raw = packMessage({ kind: 'started', counter });
    this.send(FRAME_STARTED, raw.body, 0, raw.body.length);
  }

  /** The last frame: one of the EXIT_* causes, and its value. Power off after it. */
  exit(cause: number, value: number): void {
    this.small[0] = cause;
    this.small[1] = value;
    this.send(FRAME_EXIT, this.small, 0, 2);
  }

  frame(type: number, bytes: Uint8Array, start: number, length: number): void {
    switch (type) {
      case FRAME_INPUT:
        this.events.input(bytes, start, length);
        break;
      case FRAME_INPUT_END:
        this.events.inputEnd();
        break;
      case FRAME_SIGNAL:
        if (length === 1) this.events.signal(bytes[start]);
        break;
      case FRAME_WINDOW:
        if (length === 4) this.events.window(readU16(bytes, start), readU16(bytes, start + 2));
        break;
      case FRAME_CREDIT:
        if (length === 4) this.addCredit(readU32(bytes, start));
        break;
      case FRAME_STOP:
        this.events.stop();
        break;
      default:
        break;
    }
  }

  raw(_bytes: Uint8Array, _start: number, _length: number): void {
    // Noise on the line: the host sends frames only.
  }

  private addCredit(bytes: number): void {
    // A host that grants more than the window is wrong; capping keeps the counter small whatever it says.
    this.outputCredit = Math.min(this.outputCredit + bytes, OUTPUT_WINDOW_BYTES);
    this.events.outputReady();
  }

  private ringUsed(): number {
    return (this.ringHead - this.ringTail) & 0x7fffffff;
  }

  private send(type: number, bytes: Uint8Array, start: number, length: number): void {
    const frameBytes = this.encoder.encode(type, bytes, start, length);
    this.port.write(this.encoder.output, 0, frameBytes);
  }
}
