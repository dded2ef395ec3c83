import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  FrameDecoder,
  FrameEncoder,
  INPUT_WINDOW_BYTES,
  type Message,
  OUTPUT_WINDOW_BYTES,
  packMessage,
} from '../src/index.js';
import { type ConsoleEvents, GuestConsole } from '../src/kernel/index.js';
import { LoopLine, RecordingSink } from '../src/testing/index.js';

class Recorder implements ConsoleEvents {
  readonly log: string[] = [];
  readonly bytes: number[] = [];
  input(bytes: Uint8Array, start: number, length: number): void {
    for (let i = 0; i < length; i++) this.bytes.push(bytes[start + i]);
  }
  inputEnd(): void {
    this.log.push('end');
  }
  signal(signal: number): void {
    this.log.push(`signal ${signal}`);
  }
  window(rows: number, columns: number): void {
    this.log.push(`window ${rows}x${columns}`);
  }
  outputReady(): void {
    this.log.push('ready');
  }
  stop(): void {
    this.log.push('stop');
  }
}

function setUp(): {
  line: LoopLine;
  events: Recorder;
  guest: GuestConsole;
  say: (message: Message) => void;
  heard: () => RecordingSink;
} {
  const line = new LoopLine();
  const events = new Recorder();
  const guest = new GuestConsole(line.guest, events);
  const encoder = new FrameEncoder();
  return {
    line,
    events,
    guest,
    say: (message) => {
      const raw = packMessage(message);
      line.host.write(encoder.output, 0, encoder.encode(raw.type, raw.body, 0, raw.body.length));
    },
    heard: () => {
      const sink = new RecordingSink();
      const bytes = line.host.take();
      new FrameDecoder(sink).push(bytes, 0, bytes.length);
      return sink;
    },
  };
}

test('speaks first and says its input window', () => {
  const { guest, heard } = setUp();
  guest.hello();
  assert.equal(heard().messages, [{ kind: 'hello', version: 1, inputCredit: INPUT_WINDOW_BYTES }]);
});

test('output stops at the credit and goes on when it is returned', () => {
  const { guest, say, heard, events } = setUp();
  const bytes = new Uint8Array(OUTPUT_WINDOW_BYTES + 10);
  assert.is(guest.writeOutput(1, bytes, 0, bytes.length), OUTPUT_WINDOW_BYTES);
  assert.is(guest.writeOutput(2, bytes, 0, 1), 0);
  const sizes = heard().messages.map((m) => (m.kind === 'stdout' ? m.bytes.length : -1));
  assert.is(
    sizes.reduce((a, b) => a + b, 0),
    OUTPUT_WINDOW_BYTES,
  );
  say({ kind: 'credit', bytes: 7 });
  guest.poll();
  assert.equal(events.log, ['ready']);
  assert.is(guest.writeOutput(2, bytes, 0, 10), 7);
  say({ kind: 'credit', bytes: 0xffffffff });
  guest.poll();
  assert.is(
    guest.outputSpace(),
    OUTPUT_WINDOW_BYTES,
    'a host that grants too much changes nothing',
  );
});

test('a signal overtakes input that nobody reads', () => {
  const { guest, say, events } = setUp();
  say({ kind: 'input', bytes: new Uint8Array(4096).fill(1) });
  say({ kind: 'signal', signal: 2 });
  say({ kind: 'window', rows: 24, columns: 80 });
  say({ kind: 'inputEnd' });
  say({ kind: 'stop' });
  assert.ok(guest.onInterrupt());
  guest.poll();
  assert.is(events.bytes.length, 4096);
  assert.equal(events.log, ['signal 2', 'window 24x80', 'end', 'stop']);
});

test('credit for input is given back in half windows', () => {
  const { guest, heard } = setUp();
  guest.inputTaken(INPUT_WINDOW_BYTES / 2 - 1);
  assert.equal(heard().messages, []);
  guest.inputTaken(1);
  assert.equal(heard().messages, [{ kind: 'credit', bytes: INPUT_WINDOW_BYTES / 2 }]);
});

test('log, start mark and exit', () => {
  const { guest, heard } = setUp();
  guest.log('x'.repeat(5000));
  guest.started(2n ** 63n + 5n);
  guest.exit(0, 255);
  const messages = heard().messages;
  assert.equal(
    messages.map((m) => (m.kind === 'log' ? m.bytes.length : m)),
    [
      4096,
      904,
      { kind: 'started', counter: 2n ** 63n + 5n },
      { kind: 'exit', cause: 0, value: 255 },
    ],
  );
});

test('no byte is lost however interrupts and polls interleave, also when the ring overflows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 0, max: 3 })), {
        maxLength: 12,
      }),
      (steps) => {
        const { guest, say, events } = setUp();
        let next = 0;
        const sent: number[] = [];
        for (const [length, action] of steps) {
          const bytes = new Uint8Array(length);
          for (let i = 0; i < length; i++) bytes[i] = next++ * 37;
          sent.push(...bytes);
          say({ kind: 'input', bytes });
          if (action === 1) guest.onInterrupt();
          if (action === 2) guest.poll();
          if (action === 3) {
            guest.onInterrupt();
            guest.poll();
          }
        }
        guest.poll();
        assert.equal(events.bytes, sent);
      },
    ),
    { numRuns: 60 },
  );
});

test.run();
