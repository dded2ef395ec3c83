/** Typed arrays laid out in the simulated heap, against JavaScript's. */
import { load8, loadInt, store8 } from '@tessera/machine';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  elementBytes,
  makeOwnedView,
  viewCopyWithin,
  viewFillBytes,
  viewSet,
  viewSlice,
  viewSubarray,
} from '../../runtime/typed/views.js';
import { simulateHeap } from './simulation.js';

type Model = Uint8Array | Uint16Array | Int32Array | Float64Array;
const kinds: [number, (bytes: Uint8Array) => Model][] = [
  [21, (b) => b],
  [24, (b) => new Uint16Array(b.buffer)],
  [25, (b) => new Int32Array(b.buffer)],
  [28, (b) => new Float64Array(b.buffer)],
];

function bytesOf(view: number): number[] {
  return Array.from({ length: loadInt(view + 8) }, (_, i) => load8(loadInt(view + 16) + i));
}
function modelBytes(view: Model): number[] {
  return [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)];
}

test('subarray, slice, set, copyWithin and fill of views of every width', () => {
  simulateHeap();
  const index = fc.integer({ min: -15, max: 15 });
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.nat(12),
      index,
      index,
      index,
      fc.nat(255),
      (kind, length, i, j, k, byte) => {
        const [classId, make] = kind;
        const view = makeOwnedView(classId, length);
        assert.equal(bytesOf(view), new Array(length * elementBytes(classId)).fill(0));
        const raw = new Uint8Array(length * elementBytes(classId));
        for (let at = 0; at < raw.length; at++) {
          raw[at] = (at * 31 + 1) & 0x3f;
          store8(loadInt(view + 16) + at, raw[at] as number);
        }
        const model = make(raw);
        assert.equal(bytesOf(viewSubarray(view, i, j)), modelBytes(model.subarray(i, j)));
        assert.equal(bytesOf(viewSlice(view, i, j)), modelBytes(model.slice(i, j)));
        const part = viewSubarray(view, i, j);
        const modelPart = model.subarray(i, j);
        const offset = Math.abs(k);
        if (offset + modelPart.length <= model.length) {
          viewSet(view, part, offset);
          model.set(modelPart as never, offset);
        } else {
          assert.throws(() => viewSet(view, part, offset), /out of bounds/);
        }
        viewCopyWithin(view, i, j, k);
        model.copyWithin(i, j, k);
        assert.equal(bytesOf(view), modelBytes(model));
        if (classId === 21) {
          viewFillBytes(view, byte, i, j);
          model.fill(byte as never, i, j);
          assert.equal(bytesOf(view), modelBytes(model));
        }
        // A view shares its storage: what is written through one is seen through the other.
        if (loadInt(part + 8) > 0) {
          store8(loadInt(part + 16), 99);
          assert.ok(bytesOf(view).includes(99));
        }
        assert.is(loadInt(part + 24), loadInt(view + 24));
      },
    ),
    { numRuns: 500 },
  );
  assert.throws(() => makeOwnedView(21, -1), /Invalid typed array length: -1/);
});

test.run();
