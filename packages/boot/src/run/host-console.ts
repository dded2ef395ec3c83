/**
 * The host's end of the console line, over any pair of byte streams: no process, no terminal, no QEMU here.
 *
 * Input is sent only under the guest's credit; output credit is returned when the host has really passed the bytes on, so a
 * slow reader of `tessera run`'s stdout slows the program and nothing else.
 */
import {
  BODY_BYTES_MAX,
  FrameDecoder,
  FrameEncoder,
  type FrameSink,
  type Message,
  OUTPUT_WINDOW_BYTES,
  PROTOCOL_VERSION,
  packMessage,
  unpackMessage,
} from '@tessera/console';

/** Output is acknowledged in portions: one credit frame per portion, not per write. */
const CREDIT_PORTION_BYTES: number = OUTPUT_WINDOW_BYTES / 4;

export interface HostConsoleEvents {
  hello(): void;
  /** Output of the program (descriptor 1 or 2). Call `passedOn(bytes.length)` when it has left the host. */
  output(descriptor: 1 | 2, bytes: Uint8Array): void;
  log(text: string): void;
  /** What is no frame: firmware, a panic. */
  raw(bytes: Uint8Array): void;
  started(counter: bigint): void;
  exit(cause: number, value: number): void;
  /** The input queue has room again (false was returned by `sendInput`). */
  inputDrained(): void;
  /** The guest broke the protocol. */
  violation(what: string): void;
}

export class HostConsole implements FrameSink {
  private readonly encoder = new FrameEncoder();
  private readonly decoder = new FrameDecoder(this);
  private readonly write: (bytes: Uint8Array) => void;
  private readonly events: HostConsoleEvents;
  private inputCredit = 0;
  private readonly waitingInput: Uint8Array[] = [];
  private inputEnded = false;
  private inputEndSent = false;
  private unacknowledged = 0;
  private early: Message[] = [];
  ready = false;

  constructor(write: (bytes: Uint8Array) => void, events: HostConsoleEvents) {
    this.write = write;
    this.events = events;
  }

  /** Bytes from the line. */
  receive(bytes: Uint8Array): void {
    this.decoder.push(bytes, 0, bytes.length);
  }

  /** The line is gone: what is left can only be raw text. */
  finish(): void {
    this.decoder.finish();
  }

  /** Queues input for the program. False: pause the source until `inputDrained`. Takes the bytes. */
  sendInput(bytes: Uint8Array): boolean {
    this.waitingInput.push(bytes);
    this.pump();
    return this.waitingInput.length === 0;
  }

  /** No more input; reaches the program after what is queued. */
  endInput(): void {
    this.inputEnded = true;
    this.pump();
  }

  signal(signal: number): void {
    this.say({ kind: 'signal', signal });
  }

  window(rows: number, columns: number): void {
    this.say({ kind: 'window', rows: Math.min(rows, 0xffff), columns: Math.min(columns, 0xffff) });
  }

  stop(): void {
    this.say({ kind: 'stop' });
  }

  /** So many output bytes have left the host. */
  passedOn(bytes: number): void {
    this.unacknowledged += bytes;
    if (this.unacknowledged < CREDIT_PORTION_BYTES) return;
    const credit = this.unacknowledged;
    this.unacknowledged = 0;
    this.say({ kind: 'credit', bytes: credit });
  }

  frame(type: number, bytes: Uint8Array, start: number, length: number): void {
    const message = unpackMessage(type, bytes, start, length);
    switch (message.kind) {
      case 'hello':
        this.hello(message.version, message.inputCredit);
        break;
      case 'stdout':
        this.events.output(1, message.bytes);
        break;
      case 'stderr':
        this.events.output(2, message.bytes);
        break;
      case 'log':
        this.events.log(Buffer.from(message.bytes).toString('utf8'));
        break;
      case 'credit':
        this.inputCredit += message.bytes;
        this.pump();
        if (this.waitingInput.length === 0 && !this.inputEnded) this.events.inputDrained();
        break;
      case 'started':
        this.events.started(message.counter);
        break;
      case 'exit':
        this.events.exit(message.cause, message.value);
        break;
      default:
        this.events.violation(`a frame of type ${type} with ${length} bytes`);
    }
  }

  raw(bytes: Uint8Array, start: number, length: number): void {
    this.events.raw(bytes.slice(start, start + length));
  }

  private hello(version: number, credit: number): void {
    if (version !== PROTOCOL_VERSION) {
      this.events.violation(`console protocol version ${version}, wanted ${PROTOCOL_VERSION}`);
      return;
    }
    if (this.ready) return;
    this.ready = true;
    this.inputCredit = credit;
    this.events.hello();
    const waiting = this.early;
    this.early = [];
    for (const message of waiting) this.say(message);
    this.pump();
  }

  private pump(): void {
    if (!this.ready) return;
    while (this.waitingInput.length > 0 && this.inputCredit > 0) {
      const first = this.waitingInput[0];
      const part = Math.min(first.length, this.inputCredit, BODY_BYTES_MAX);
      this.say({ kind: 'input', bytes: first.subarray(0, part) });
      this.inputCredit -= part;
      if (part === first.length) this.waitingInput.shift();
      else this.waitingInput[0] = first.subarray(part);
    }
    if (this.inputEnded && !this.inputEndSent && this.waitingInput.length === 0) {
      this.inputEndSent = true;
      this.say({ kind: 'inputEnd' });
    }
  }

  private say(message: Message): void {
    if (!this.ready) {
      this.early.push(message);
      return;
    }
    const raw = packMessage(message);
    const length = this.encoder.encode(raw.type, raw.body, 0, raw.body.length);
    this.write(this.encoder.output.slice(0, length));
  }
}
