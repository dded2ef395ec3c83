import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  BODY_BYTES_MAX,
  FRAME_BYTES_MAX,
  FrameDecoder,
  FrameEncoder,
  type Message,
  packMessage,
} from '../src/index.js';
import { messageArbitrary, RecordingSink } from '../src/testing/index.js';

function encode(message: Message): Uint8Array {
  const encoder = new FrameEncoder();
  const raw = packMessage(message);
  const length = encoder.encode(raw.type, raw.body, 0, raw.body.length);
  return encoder.output.slice(0, length);
}

function join(parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function decode(line: Uint8Array, cuts: number[]): RecordingSink {
  const sink = new RecordingSink();
  const decoder = new FrameDecoder(sink);
  const ends = [...cuts.map((cut) => cut % (line.length + 1)), line.length].sort((a, b) => a - b);
  let at = 0;
  for (const end of ends) {
    decoder.push(line, at, end);
    at = end;
  }
  decoder.finish();
  return sink;
}

const cuts = fc.array(fc.nat(), { maxLength: 8 });

test('a frame holds no zero but its two borders, and never outgrows the buffer', () => {
  fc.assert(
    fc.property(messageArbitrary(fc), (message) => {
      const frame = encode(message);
      assert.ok(frame.length <= FRAME_BYTES_MAX);
      assert.is(frame[0], 0);
      assert.is(frame[frame.length - 1], 0);
      assert.not(frame.slice(1, -1).includes(0));
    }),
  );
});

test('any messages in any pieces come back as they were', () => {
  fc.assert(
    fc.property(fc.array(messageArbitrary(fc), { maxLength: 6 }), cuts, (messages, at) => {
      const sink = decode(join(messages.map(encode)), at);
      assert.equal(sink.messages, messages);
      assert.equal(sink.rawBytes, []);
    }),
  );
});

test('text between frames is handed on as raw, and no frame is lost', () => {
  const text = fc
    .string({ unit: 'binary-ascii', maxLength: 300 })
    .map((s) => s.replaceAll('\0', ''));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, messageArbitrary(fc)), { maxLength: 5 }),
      cuts,
      (pairs, at) => {
        const line = join(pairs.flatMap(([s, m]) => [Uint8Array.from(Buffer.from(s)), encode(m)]));
        const sink = decode(line, at);
        assert.equal(
          sink.messages,
          pairs.map(([, m]) => m),
        );
        assert.is(Buffer.from(sink.rawBytes).toString(), pairs.map(([s]) => s).join(''));
      },
    ),
  );
});

test('after any garbage, zeros and broken frames included, the next frame is read', () => {
  const broken = fc
    .tuple(messageArbitrary(fc), fc.nat())
    .map(([m, cut]) => encode(m).slice(0, cut % 40));
  const garbage = fc.oneof(fc.uint8Array({ maxLength: 6000 }), broken);
  fc.assert(
    fc.property(garbage, messageArbitrary(fc), cuts, (noise, message, at) => {
      const sink = decode(join([noise, encode(message)]), at);
      assert.equal(sink.messages.at(-1), message);
    }),
  );
});

test('a flipped bit never gives another message', () => {
  fc.assert(
    fc.property(
      messageArbitrary(fc),
      fc.nat(),
      fc.integer({ min: 0, max: 7 }),
      (message, where, bit) => {
        const frame = encode(message);
        const at = 1 + (where % (frame.length - 2));
        frame[at] ^= 1 << bit;
        assert.equal(decode(frame, []).messages, []);
      },
    ),
  );
});

test('a body above the limit is refused, one at the limit passes', () => {
  const encoder = new FrameEncoder();
  assert.is(encoder.encode(2, new Uint8Array(BODY_BYTES_MAX + 1), 0, BODY_BYTES_MAX + 1), 0);
  const full = new Uint8Array(BODY_BYTES_MAX).fill(7);
  assert.equal(decode(encode({ kind: 'stdout', bytes: full }), []).messages, [
    { kind: 'stdout', bytes: full },
  ]);
});

test.run();
