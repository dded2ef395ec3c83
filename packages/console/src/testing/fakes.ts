/** Fakes for both ends: a line in memory, a sink that remembers, and the arbitrary of all messages. */
import type * as fc from 'fast-check';
import type { FrameSink } from '../frame.js';
import { type Message, unpackMessage } from '../messages.js';

/** One end of a line in memory. `read` and `write` as a serial port has them; `take` empties what was received. */
export interface LoopPort {
  write(bytes: Uint8Array, start: number, length: number): void;
  read(): number;
  mask(): void;
  unmask(): void;
  take(): Uint8Array;
}

class Queue {
  private bytes: number[] = [];
  private at = 0;

  push(bytes: Uint8Array, start: number, length: number): void {
    for (let index = 0; index < length; index++) this.bytes.push(bytes[start + index]);
  }

  shift(): number {
    if (this.at === this.bytes.length) {
      this.bytes = [];
      this.at = 0;
      return -1;
    }
    return this.bytes[this.at++];
  }

  drain(): Uint8Array {
    const all = Uint8Array.from(this.bytes.slice(this.at));
    this.bytes = [];
    this.at = 0;
    return all;
  }
}

/** A serial line in memory with two ends. */
export class LoopLine {
  readonly guest: LoopPort;
  readonly host: LoopPort;

  constructor() {
    const toHost = new Queue();
    const toGuest = new Queue();
    this.guest = {
      write: (bytes, start, length) => toHost.push(bytes, start, length),
      read: () => toGuest.shift(),
      mask: () => {},
      unmask: () => {},
      take: () => toGuest.drain(),
    };
    this.host = {
      write: (bytes, start, length) => toGuest.push(bytes, start, length),
      read: () => toHost.shift(),
      mask: () => {},
      unmask: () => {},
      take: () => toHost.drain(),
    };
  }
}

/** Keeps all that a decoder delivers. */
export class RecordingSink implements FrameSink {
  readonly messages: Message[] = [];
  readonly rawBytes: number[] = [];

  frame(type: number, bytes: Uint8Array, start: number, length: number): void {
    this.messages.push(unpackMessage(type, bytes, start, length));
  }

  raw(bytes: Uint8Array, start: number, length: number): void {
    for (let index = 0; index < length; index++) this.rawBytes.push(bytes[start + index]);
  }
}

/** Every message but 'unknown'. The caller passes fast-check, so that this package does not depend on it. */
export function messageArbitrary(check: typeof fc): fc.Arbitrary<Message> {
  const u8 = check.integer({ min: 0, max: 255 });
  const u16 = check.integer({ min: 0, max: 0xffff });
  const u32 = check.integer({ min: 0, max: 0xffffffff });
  // Runs of one value are what stuffing is sensitive to: zeros, and 253 to 255 bytes without a zero.
  const runs = check
    .array(check.tuple(check.constantFrom(0, 1, 255), check.integer({ min: 0, max: 520 })), {
      maxLength: 6,
    })
    .map((parts) => Uint8Array.from(parts.flatMap(([byte, count]) => new Array(count).fill(byte))));
  const bytes = check.oneof(check.uint8Array({ maxLength: 4096 }), runs);
  const data = check
    .tuple(check.constantFrom('stdout', 'stderr', 'log', 'input'), bytes)
    .map(([kind, body]) => ({ kind, bytes: body }) as Message);
  const plain = { noNullPrototype: true };
  return check.oneof(
    data,
    check.record({ kind: check.constant('hello'), version: u8, inputCredit: u32 }, plain),
    check.record({ kind: check.constant('credit'), bytes: u32 }, plain),
    check.record(
      { kind: check.constant('started'), counter: check.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
      plain,
    ),
    check.record({ kind: check.constant('exit'), cause: u8, value: u8 }, plain),
    check.record({ kind: check.constant('inputEnd') }, plain),
    check.record({ kind: check.constant('signal'), signal: u8 }, plain),
    check.record({ kind: check.constant('window'), rows: u16, columns: u16 }, plain),
    check.record({ kind: check.constant('stop') }, plain),
  ) as fc.Arbitrary<Message>;
}
