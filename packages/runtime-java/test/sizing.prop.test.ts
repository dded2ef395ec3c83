import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type SizingInput, sizeJvm } from '../src/sizing.js';

const MIB = 1024 * 1024;
const input: fc.Arbitrary<SizingInput> = fc.record(
  {
    memoryBytes: fc.integer({ min: 0, max: 16384 }).map((mib) => mib * MIB),
    cpus: fc.integer({ min: 1, max: 64 }),
    classes: fc.integer({ min: 0, max: 100_000 }),
    threads: fc.integer({ min: 0, max: 2000 }),
    collector: fc.constantFrom('Serial' as const, 'G1' as const),
  },
  { requiredKeys: ['memoryBytes', 'cpus'] },
);

test('the options never commit more than the memory', () => {
  fc.assert(
    fc.property(input, (sizes) => {
      const result = sizeJvm(sizes);
      if (!result.ok) return;
      const sum = result.options.reduce(
        (bytes, option) => bytes + option.bytes,
        result.reservedBytes,
      );
      assert.ok(sum <= sizes.memoryBytes, `${sum} > ${sizes.memoryBytes}`);
    }),
  );
});

test('a refusal names memory that does, and a MiB less does not', () => {
  fc.assert(
    fc.property(input, (sizes) => {
      const refused = sizeJvm({ ...sizes, memoryBytes: 0 });
      if (refused.ok) throw new Error('no memory at all was accepted');
      assert.ok(sizeJvm({ ...sizes, memoryBytes: refused.neededBytes }).ok);
      assert.not.ok(sizeJvm({ ...sizes, memoryBytes: refused.neededBytes - MIB }).ok);
    }),
  );
});

test('more memory never gives a smaller heap with the same collector', () => {
  fc.assert(
    fc.property(input, fc.integer({ min: 0, max: 4096 }), (sizes, more) => {
      const fixed = { ...sizes, collector: sizes.collector ?? ('Serial' as const) };
      const heap = (memoryBytes: number): number => sizeJvmHeap({ ...fixed, memoryBytes });
      assert.ok(heap(sizes.memoryBytes + more * MIB) >= heap(sizes.memoryBytes));
    }),
  );
});

function sizeJvmHeap(sizes: SizingInput): number {
  const result = sizeJvm(sizes);
  return result.ok
    ? (result.options.find((option) => option.option.startsWith('-Xmx'))?.bytes ?? 0)
    : 0;
}

test.run();
