import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  addressOf,
  atomicAdd64,
  atomicCompareExchange32,
  compare,
  copy,
  fill,
  load8,
  load16,
  load32,
  load64,
  loadInt,
  objectAddress,
  objectAt,
  store8,
  store16,
  store32,
  store64,
  storeInt,
  viewAt,
} from '../src/index.js';
import { SimulatedMemory } from '../src/testing/index.js';

const EDGE = 0x4000_0000_0000 + 0x10000;

test('every width reads back across a chunk border, little-endian', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -9, max: 9 }),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      (delta, word) => {
        const at = EDGE + delta;
        store64(at, word);
        assert.is(load64(at), word);
        for (let i = 0; i < 8; i++)
          assert.is(load8(at + i), Number((word >> BigInt(8 * i)) & 0xffn));
        assert.is(load32(at), Number(word & 0xffff_ffffn));
        assert.is(load16(at + 6), Number(word >> 48n));
        store16(at + 3, 0xbeef);
        store32(at + 5, 0xdeadbeef);
        assert.is(load16(at + 3), 0xbeef);
        assert.is(load32(at + 5), 0xdeadbeef);
      },
    ),
  );
});

test('integers keep their sign and all 53 bits', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      storeInt(EDGE - 3, value);
      assert.is(loadInt(EDGE - 3), value);
    }),
  );
  store64(EDGE, 1n << 60n);
  assert.throws(() => loadInt(EDGE));
});

test('copy moves overlapping ranges as memmove does', () => {
  fc.assert(
    fc.property(fc.nat(64), fc.nat(64), fc.nat(80), (from, to, length) => {
      const base = EDGE - 70;
      const model = new Uint8Array(160);
      for (let i = 0; i < 160; i++) {
        model[i] = (i * 7) & 0xff;
        store8(base + i, (i * 7) & 0xff);
      }
      model.copyWithin(to, from, from + length);
      copy(base + to, base + from, length);
      for (let i = 0; i < 160; i++) assert.is(load8(base + i), model[i]);
    }),
  );
});

test('fill and compare', () => {
  fill(EDGE - 100, 7, 200);
  fill(EDGE + 1000, 7, 200);
  assert.is(compare(EDGE - 100, EDGE + 1000, 200), 0);
  store8(EDGE + 1100, 8);
  assert.ok(compare(EDGE - 100, EDGE + 1000, 200) < 0);
});

test('views alias memory, and every view has an address', () => {
  const memory = new SimulatedMemory();
  const view = memory.view(0x1fff0, 0x30);
  memory.store8(0x20000, 42);
  assert.is(view[0x10], 42);
  view[0x11] = 43;
  assert.is(memory.load8(0x20001), 43);
  assert.is(memory.addressOf(view), 0x1fff0);
  assert.throws(() => memory.view(0x10000, 0x30000), /view/);
  const ours = new Uint8Array([1, 2, 3]);
  const at = addressOf(ours.subarray(1));
  assert.is(load8(at), 2);
  store8(at + 1, 9);
  assert.is(ours[2], 9);
  assert.is(viewAt(at, 2)[1], 9);
});

test('atomics return the old value', () => {
  store64(EDGE, 2n ** 64n - 1n);
  assert.is(atomicAdd64(EDGE, 2n), 2n ** 64n - 1n);
  assert.is(load64(EDGE), 1n);
  store32(EDGE, 5);
  assert.is(atomicCompareExchange32(EDGE, 4, 6), 5);
  assert.is(load32(EDGE), 5);
  assert.is(atomicCompareExchange32(EDGE, 5, 6), 5);
  assert.is(load32(EDGE), 6);
});

test('objects keep their address', () => {
  const a = { name: 'a' };
  const b = { name: 'b' };
  assert.is(objectAddress(a), objectAddress(a));
  assert.is.not(objectAddress(a), objectAddress(b));
  assert.is(objectAt<typeof a>(objectAddress(a)), a);
  assert.throws(() => objectAt(8));
});

test.run();
