import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  AuxiliaryEntry,
  buildInitialStack,
  ElfError,
  type ElfImage,
  parseElfHeader,
  parseElfSegments,
} from '../src/index.js';

interface Segment {
  type: number;
  flags: number;
  offset: number;
  address: number;
  inFile: number;
  inMemory: number;
}

/** An ELF file of these segments: header, table, then zeros up to `size`. */
function elf(segments: Segment[], size: number, type = 2): Uint8Array {
  const bytes = new Uint8Array(Math.max(size, 64 + segments.length * 56));
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, 62, true);
  view.setBigUint64(24, 0x401000n, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  segments.forEach((segment, index) => {
    const at = 64 + index * 56;
    view.setUint32(at, segment.type, true);
    view.setUint32(at + 4, segment.flags, true);
    view.setBigUint64(at + 8, BigInt(segment.offset), true);
    view.setBigUint64(at + 16, BigInt(segment.address), true);
    view.setBigUint64(at + 32, BigInt(segment.inFile), true);
    view.setBigUint64(at + 40, BigInt(segment.inMemory), true);
  });
  return bytes;
}

function parse(bytes: Uint8Array): ElfImage | ElfError {
  const header = parseElfHeader(bytes.subarray(0, 64));
  if (header instanceof ElfError) return header;
  const table = bytes.subarray(header.tableOffset, header.tableOffset + header.count * 56);
  return parseElfSegments(header, table, bytes.length);
}

const TEXT: Segment = {
  type: 1,
  flags: 5,
  offset: 0,
  address: 0x400000,
  inFile: 0x1000,
  inMemory: 0x1000,
};
const DATA: Segment = {
  type: 1,
  flags: 6,
  offset: 0x1100,
  address: 0x402100,
  inFile: 0x200,
  inMemory: 0x3000,
};

test('a plain executable', () => {
  const image = parse(
    elf([TEXT, DATA, { ...TEXT, type: 0x6474e551, flags: 6 }], 0x2000),
  ) as ElfImage;
  assert.is(image.fixed, true);
  assert.is(image.entry, 0x401000);
  assert.is(image.headersAddress, 0x400040);
  assert.is(image.executableStack, false);
  assert.is(image.start(), 0x400000);
  assert.is(image.end(), 0x406000);
  assert.is((parse(elf([TEXT], 0x1000, 3)) as ElfImage).fixed, false);
});

test('what does not run here is named', () => {
  const cases: [Uint8Array, string][] = [
    [new Uint8Array(0), 'not an ELF executable'],
    [
      new TextEncoder().encode(
        'hello, this is text, and long enough for an ELF header, I should think',
      ),
      'not an ELF executable',
    ],
    [elf([TEXT], 0x1000).subarray(0, 40), 'truncated ELF header'],
    [elf([TEXT], 0x800), 'truncated: a segment ends past the file'],
    [elf([{ ...TEXT, address: 0x400001 }], 0x2000), 'a segment that is not page-aligned'],
    [elf([TEXT, TEXT], 0x2000), 'segments that overlap'],
    [elf([{ ...TEXT, address: 0 }], 0x2000), 'a segment in the first 64 KiB'],
    [elf([{ ...TEXT, type: 2 }], 0x2000), 'nothing to load'],
    [elf([TEXT], 0x1000, 1), 'an ELF file that is not executable'],
  ];
  const arm = elf([TEXT], 0x1000);
  new DataView(arm.buffer).setUint16(18, 183, true);
  cases.push([arm, 'built for aarch64, not for x86-64']);
  const narrow = elf([TEXT], 0x1000);
  narrow[4] = 1;
  cases.push([narrow, 'a 32-bit executable (only 64-bit ones run here)']);
  for (const [bytes, reason] of cases) {
    const result = parse(bytes);
    assert.ok(result instanceof ElfError, reason);
    assert.is((result as ElfError).reason, reason);
  }
});

test('hostile files give an error or an image that keeps every promise', () => {
  const wide = fc.oneof(
    fc.nat(0x3000),
    fc.constantFrom(0, 0x400000, 0x402000, 0x70000000, 2 ** 47, 2 ** 52, 2 ** 53 - 1),
  );
  const segment = fc.record({
    type: fc.constantFrom(0, 1, 1, 1, 3, 6, 0x6474e551),
    flags: fc.nat(15),
    offset: wide,
    address: wide,
    inFile: wide,
    inMemory: wide,
  });
  const patch = fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(
      fc.array(segment, { maxLength: 5 }),
      fc.nat(0x4000),
      patch,
      (segments, size, changes) => {
        const bytes = elf(segments, size);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const image = parse(bytes);
        if (image instanceof ElfError) return;
        let end = 0;
        for (const one of image.segments) {
          assert.ok(Number.isSafeInteger(one.address) && one.address >= 0, 'address');
          assert.ok(one.address + one.memoryBytes <= 0x7fffffff0000, 'in range');
          assert.ok(one.fileBytes <= one.memoryBytes, 'sizes');
          assert.ok(one.fileOffset + one.fileBytes <= bytes.length, 'inside the file');
          assert.is(one.fileOffset % 4096, one.address % 4096, 'congruent');
          assert.ok(one.address - (one.address % 4096) >= end, 'ordered');
          end = one.address + one.memoryBytes;
        }
        assert.ok(image.interpreterOffset + image.interpreterBytes <= bytes.length, 'interpreter');
      },
    ),
    { numRuns: 3000 },
  );
});

test('the first stack is what the psABI says, for any strings', () => {
  const strings = fc.array(
    fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((c) => String.fromCharCode(c)) }),
    {
      maxLength: 8,
    },
  );
  fc.assert(
    fc.property(strings, strings, (argv, envp) => {
      const top = 0x7ffffff000;
      const random = new Uint8Array(16).map((_, index) => index + 1);
      const stack = buildInitialStack(
        top,
        argv,
        envp,
        [new AuxiliaryEntry(6, 4096)],
        '/bin/x',
        random,
      );
      assert.is(stack.stackPointer % 16, 0);
      assert.is(stack.stackPointer + stack.bytes.length, top);
      const view = new DataView(stack.bytes.buffer);
      const word = (address: number): number =>
        Number(view.getBigUint64(address - stack.stackPointer, true));
      const text = (address: number): string => {
        let out = '';
        for (let at = address - stack.stackPointer; stack.bytes[at] !== 0; at++)
          out += String.fromCharCode(stack.bytes[at]);
        return out;
      };
      let at = stack.stackPointer;
      assert.is(word(at), argv.length);
      for (const argument of argv) assert.is(text(word((at += 8))), argument);
      assert.is(word((at += 8)), 0);
      for (const variable of envp) assert.is(text(word((at += 8))), variable);
      assert.is(word((at += 8)), 0);
      const auxiliary = new Map<number, number>();
      for (at += 8; word(at) !== 0; at += 16) auxiliary.set(word(at), word(at + 8));
      assert.is(auxiliary.get(6), 4096);
      assert.is(text(auxiliary.get(31)!), '/bin/x');
      assert.is(text(auxiliary.get(15)!), 'x86_64');
      const seed = auxiliary.get(25)! - stack.stackPointer;
      assert.equal(stack.bytes.subarray(seed, seed + 16), random);
      const area = (from: number, to: number): string =>
        String.fromCharCode(
          ...stack.bytes.subarray(from - stack.stackPointer, to - stack.stackPointer),
        );
      assert.is(
        area(stack.argumentsStart, stack.environmentStart),
        argv.map((a) => a + '\0').join(''),
      );
      assert.is(
        area(stack.environmentStart, stack.environmentEnd),
        envp.map((e) => e + '\0').join(''),
      );
    }),
    { numRuns: 200 },
  );
});

test.run();
