import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HeapBufferPool } from '../src/contract.js';
import { SipHash } from '../src/siphash.js';
import { cubeRoot } from '../src/tcp/cubic.js';
import { ReceiveBuffer } from '../src/tcp/receive-buffer.js';
import { SendBuffer } from '../src/tcp/send-buffer.js';
import { sequenceAdd } from '../src/tcp/sequence.js';
import { SynCookies } from '../src/tcp/syn-cookie.js';
import { SeededRandom } from '../src/testing/index.js';
import { TcpOptions } from '../src/wire/tcp-options.js';
import * as a from './arbitraries.js';
import { pattern } from './transfer.js';

test('send buffer equals a plain array', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.nat(3000).map((n) => ['write', n] as const),
          fc.nat(3000).map((n) => ['drop', n] as const),
        ),
        { maxLength: 60 },
      ),
      (steps) => {
        const buffer = new SendBuffer(new HeapBufferPool(), 10_000);
        let model: number[] = [];
        let salt = 0;
        for (const [kind, n] of steps) {
          if (kind === 'write') {
            const data = pattern(n, ++salt);
            const count = buffer.write(data, 0, n);
            assert.is(count, Math.min(n, 10_000 - model.length));
            model.push(...data.slice(0, count));
          } else {
            buffer.drop(n);
            model = model.slice(n);
          }
          assert.is(buffer.length, model.length);
          const copy = new Uint8Array(model.length);
          if (model.length > 0) buffer.copy(0, model.length, copy, 0);
          assert.equal([...copy], model);
        }
      },
    ),
  );
});

test('receive buffer: segments in any order, overlapping, give the bytes of the stream', () => {
  fc.assert(
    fc.property(
      a.word,
      fc.array(fc.tuple(fc.nat(7000), fc.integer({ min: 1, max: 1500 }), fc.nat(2000)), {
        minLength: 1,
        maxLength: 120,
      }),
      (start, segments) => {
        const stream = pattern(9000, 5);
        const buffer = new ReceiveBuffer(new HeapBufferPool(), 8192, 8);
        let next = start;
        let read = 0;
        const have = new Uint8Array(9000);
        for (const [at, length, take] of segments) {
          // Trim to what a receiver would pass on: not before rcv.nxt.
          const offset = ((next - start) | 0) >>> 0;
          const from = Math.max(at, offset);
          const to = Math.min(at + length, stream.length);
          if (to > from) {
            const advance = buffer.insert(next, sequenceAdd(start, from), stream, from, to - from);
            if (advance > 0) next = sequenceAdd(next, advance);
            if (advance >= 0) for (let i = from; i < Math.min(to, read + 8192); i++) have[i] = 1;
            const contiguous = have.indexOf(0) < 0 ? have.length : have.indexOf(0);
            assert.ok(((next - start) | 0) <= contiguous, 'nothing is invented');
          }
          assert.ok(buffer.rangeCount <= 8);
          for (let i = 0; i < buffer.rangeCount; i++) {
            assert.ok(((buffer.rangeEnd(i) - buffer.rangeStart(i)) | 0) > 0);
            if (i > 0)
              assert.ok(
                ((buffer.rangeStart(i) - buffer.rangeEnd(i - 1)) | 0) > 0,
                'sorted and apart',
              );
            else assert.ok(((buffer.rangeStart(0) - next) | 0) > 0);
          }
          const out = new Uint8Array(take);
          const count = buffer.read(out, 0, take);
          assert.equal(out.slice(0, count), stream.slice(read, read + count));
          read += count;
          assert.is(((next - start) | 0) - read, buffer.readable);
        }
      },
    ),
  );
});

test('SipHash-2-4 gives the reference vector', () => {
  const hash = new SipHash(new SeededRandom(1));
  // Key 00..0f, message 00..0b (three words): from the reference implementation's table, entry 12.
  hash.setKey(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c);
  hash.start();
  hash.finish();
  assert.is(
    (hash.high >>> 0).toString(16) + (hash.low >>> 0).toString(16).padStart(8, '0'),
    '726fdb47dd0e0e31',
  );
  hash.start();
  for (const word of [0x03020100, 0x07060504]) hash.word(word);
  hash.finish();
  assert.is(
    (hash.high >>> 0).toString(16) + (hash.low >>> 0).toString(16).padStart(8, '0'),
    '93f5f5799a932462',
  );
});

test('SYN cookies: accepted by their maker within two periods, refused when anything differs', () => {
  const cookies = new SynCookies(new SeededRandom(5));
  fc.assert(
    fc.property(
      a.address,
      a.u16,
      a.address,
      a.u16,
      a.word,
      a.u16,
      fc.nat(1_000_000_000_000),
      a.tcpOptions,
      (l, lp, r, rp, sequence, mss, now, options) => {
        const cookie = cookies.make(l, lp, r, rp, sequence, mss, now);
        const echoed = new TcpOptions();
        const nowMs = Math.trunc(now / 1000) | 0;
        echoed.hasTimestamp = true;
        echoed.timestampEcho = cookies.stamp(options, nowMs);
        assert.ok(((echoed.timestampEcho - nowMs) | 0) <= 0);
        assert.ok(
          cookies.accept(
            l,
            lp,
            r,
            rp,
            sequenceAdd(sequence, 1),
            sequenceAdd(cookie, 1),
            echoed,
            now + 60_000_000,
          ),
        );
        assert.ok(cookies.mss <= Math.max(mss, 64));
        assert.is(cookies.windowScale, options.windowScale);
        assert.is(cookies.selectiveAck, options.sackPermitted);
        assert.not(
          cookies.accept(
            l,
            lp ^ 1,
            r,
            rp,
            sequenceAdd(sequence, 1),
            sequenceAdd(cookie, 1),
            echoed,
            now,
          ),
        );
        assert.not(
          cookies.accept(
            l,
            lp,
            r,
            rp,
            sequenceAdd(sequence, 1),
            sequenceAdd(cookie, 2),
            echoed,
            now,
          ),
        );
        assert.not(
          cookies.accept(
            l,
            lp,
            r,
            rp,
            sequenceAdd(sequence, 1),
            sequenceAdd(cookie, 1),
            echoed,
            now + 200_000_000,
          ),
        );
      },
    ),
  );
});

test('cube roots', () => {
  fc.assert(
    fc.property(fc.nat(8_900_000_000_000_000), (value) => {
      const root = cubeRoot(value);
      assert.ok(root ** 3 <= value && (root + 1) ** 3 > value);
    }),
  );
});

test.run();
