import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Reassembly } from '../src/interface/reassembly.js';
import { DEFAULT_LIMITS } from '../src/limits.js';
import { Timer, TimerQueue } from '../src/timers.js';
import { ipv4 } from '../src/wire/address.js';
import { pattern } from './transfer.js';

const a = ipv4(10, 0, 0, 1);
const b = ipv4(10, 0, 0, 2);

/** A cut of a datagram into fragments of multiples of eight bytes, in any order, some twice. */
const cut = fc
  .tuple(
    fc.integer({ min: 1, max: 6000 }),
    fc.array(fc.integer({ min: 1, max: 180 }), { minLength: 1, maxLength: 40 }),
    fc.infiniteStream(fc.nat()),
  )
  .map(([length, sizes, order]) => {
    const pieces: { offset: number; length: number }[] = [];
    for (let offset = 0, i = 0; offset < length; i++) {
      const size = Math.min(sizes[i % sizes.length] * 8, length - offset);
      pieces.push({ offset, length: size });
      offset += size;
    }
    const ranks = pieces.map((piece) => ({ piece, rank: order.next().value }));
    ranks.sort((x, y) => x.rank - y.rank);
    const shuffled = ranks.map(({ piece }) => piece);
    return { length, pieces: shuffled };
  });

test('a datagram comes out whole exactly when its last missing fragment arrives, in any order, duplicates or not', () => {
  fc.assert(
    fc.property(cut, fc.boolean(), ({ length, pieces }, twice) => {
      fc.pre(pieces.length <= 128);
      const timers = new TimerQueue();
      const reassembly = new Reassembly(DEFAULT_LIMITS, timers, () => {});
      const data = pattern(length, length);
      pieces.forEach((piece, i) => {
        const feed = () =>
          reassembly.feed(
            a,
            b,
            7,
            17,
            piece.offset,
            piece.offset + piece.length < length,
            data,
            piece.offset,
            piece.length,
            piece.offset,
            0,
          );
        const whole = feed();
        if (i < pieces.length - 1) {
          assert.is(whole, undefined);
          if (twice) assert.is(feed(), undefined);
        } else {
          assert.ok(whole);
          assert.is(whole!.length, length);
          assert.equal(whole!.bytes.slice(0, length), data);
        }
      });
      assert.is(reassembly.size, 0);
      assert.is(reassembly.bytes, 0);
      assert.is(timers.size, 0);
    }),
  );
});

test('overlapping fragments discard the datagram (RFC 5722)', () => {
  const reassembly = new Reassembly(DEFAULT_LIMITS, new TimerQueue(), () => {});
  const data = pattern(64, 1);
  assert.is(reassembly.feed(a, b, 1, 17, 0, true, data, 0, 16, 0, 0), undefined);
  assert.is(reassembly.feed(a, b, 1, 17, 8, true, data, 8, 16, 0, 0), undefined);
  assert.is(reassembly.size, 0);
});

test('any fragments whatever stay within the limits, and the timer frees the rest', () => {
  const limits = { ...DEFAULT_LIMITS, reassemblyDatagramsMax: 8, reassemblyBytesMax: 1 << 17 };
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          id: fc.nat(20),
          offset: fc.nat(8191).map((v) => v * 8),
          length: fc.nat(200),
          more: fc.boolean(),
        }),
        { maxLength: 200 },
      ),
      (fragments) => {
        const timers = new TimerQueue();
        const reassembly = new Reassembly(limits, timers, () => {});
        const data = new Uint8Array(200);
        for (const f of fragments) {
          reassembly.feed(a, b, f.id, 17, f.offset, f.more, data, 0, f.length, 0, 0);
          assert.ok(reassembly.size <= limits.reassemblyDatagramsMax);
          assert.ok(reassembly.bytes <= limits.reassemblyBytesMax + 65536);
          assert.is(timers.size, reassembly.size);
        }
        timers.runDue(limits.reassemblyTimeoutUs);
        assert.is(reassembly.size, 0);
        assert.is(reassembly.bytes, 0);
      },
    ),
  );
});

test('timers run in order, whatever was armed, moved and cleared', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(15), fc.option(fc.nat(1000), { nil: undefined })), {
        maxLength: 100,
      }),
      (steps) => {
        const queue = new TimerQueue();
        const fired: number[] = [];
        const wanted = new Map<number, number>();
        const timers = Array.from(
          { length: 16 },
          (_, i) => new Timer(() => fired.push(wanted.get(i)!)),
        );
        for (const [i, deadline] of steps) {
          if (deadline === undefined) {
            queue.clear(timers[i]);
            wanted.delete(i);
          } else {
            queue.set(timers[i], deadline);
            wanted.set(i, deadline);
          }
          assert.is(queue.size, wanted.size);
          assert.is(
            queue.next,
            wanted.size === 0 ? Number.MAX_SAFE_INTEGER : Math.min(...wanted.values()),
          );
        }
        queue.runDue(1000);
        assert.equal(
          fired,
          [...wanted.values()].sort((x, y) => x - y),
        );
        assert.is(queue.size, 0);
      },
    ),
  );
});

test.run();
