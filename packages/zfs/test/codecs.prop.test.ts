import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, deflateRawSync, deflateSync } from 'node:zlib';
import { blake3 as nobleBlake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import lz4 from 'lz4js';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blake3 } from '../src/checksum/blake3.js';
import { edonR512 } from '../src/checksum/edonr.js';
import { fletcher2, fletcher4, fletcher4Big } from '../src/checksum/fletcher.js';
import { sha256 } from '../src/checksum/sha256.js';
import { sha512, sha512Truncated256 } from '../src/checksum/sha512.js';
import { skein512 } from '../src/checksum/skein.js';
import { gzipDecompress, inflateRaw } from '../src/compress/inflate.js';
import { lz4Compress, lz4DecodeBlock, lz4Decompress, lz4EncodeBlock } from '../src/compress/lz4.js';
import { lzjbCompress, lzjbDecompress } from '../src/compress/lzjb.js';
import { zleCompress, zleDecompress } from '../src/compress/zle.js';
import { zstdDecodeFrame, zstdDecompress } from '../src/compress/zstd.js';

const NONE = new Uint8Array(0);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Bytes that compress: runs, repeats of earlier parts and noise. */
const compressible = fc
  .array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc
        .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 3000 }))
        .map(([byte, count]) => new Uint8Array(count).fill(byte)),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 50 }))
        .map(([bytes, count]) => Buffer.concat(new Array(count).fill(Buffer.from(bytes)))),
    ),
    { maxLength: 12 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts.map((p) => Buffer.from(p)))));

test('sha256, sha512 and sha512/256 equal node:crypto', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
      assert.is(hex(sha256(bytes)), createHash('sha256').update(bytes).digest('hex'));
      assert.is(hex(sha512(bytes)), createHash('sha512').update(bytes).digest('hex'));
      assert.is(
        hex(sha512Truncated256(bytes)),
        createHash('sha512-256').update(bytes).digest('hex'),
      );
    }),
  );
});

test('blake3, plain and keyed, equals @noble/hashes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 9000 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      (length, key) => {
        const bytes = new Uint8Array(length).map((_, i) => (i * 7 + key[i % 32]) & 0xff);
        assert.is(hex(blake3(bytes, NONE)), hex(nobleBlake3(bytes)));
        assert.is(hex(blake3(bytes, key)), hex(nobleBlake3(bytes, { key })));
      },
    ),
    { numRuns: 60 },
  );
});

test('skein-512 gives the published vectors', () => {
  // Skein 1.3, appendix C: Skein-512-512 of one byte 0xff, and of the first 64 descending bytes.
  assert.is(
    hex(skein512(new Uint8Array([0xff]), NONE, 64)),
    '71b7bce6fe6452227b9ced6014249e5bf9a9754c3ad618ccc4e0aae16b316cc8' +
      'ca698d864307ed3e80b6ef1570812ac5272dc409b5a012df2a579102f340617a',
  );
  assert.is(
    hex(
      skein512(
        new Uint8Array(64).map((_, i) => 0xff - i),
        NONE,
        64,
      ),
    ),
    '45863ba3be0c4dfc27e75d358496f4ac9a736a505d9313b42b2f5eada79fc17f' +
      '63861e947afb1d056aa199575ad3f8c9a3cc1780b5e5fa4cae050e989876625b',
  );
});

test('edon-r 512 gives known answers', () => {
  // "abc" and the 112-byte message of FIPS 180, with the tweak that is on disk.
  assert.is(
    hex(edonR512(new TextEncoder().encode('abc'))),
    '1b14db155f1d406594b8cef70a4362ec6b5de6a5daf50ec999e987c19d3049e2' +
      'de5977bb05b1bb220050a1ea5b46a9f1740acafbf6b45032adc90c628372c22b',
  );
  const message =
    'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn' +
    'hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu';
  assert.is(
    hex(edonR512(new TextEncoder().encode(message))),
    '5351070dc51c3b2baca5a60d0252ccb4e4921a96fe5a69e76dad48fd21a0845a' +
      'd57f880b3e4a907bc503151842bb949e1cba7439a6409a34b8436cb46921583c',
  );
});

test('fletcher4 in doubles equals its definition, in both byte orders and for the worst words', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 3000 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 3 }),
      (bytes, little, shift) => {
        const moved = bytes.subarray(Math.min(shift, bytes.length));
        assert.equal(fletcher4(moved, little), fletcher4Big(moved, little));
      },
    ),
  );
  const worst = new Uint8Array(131072).fill(0xff);
  assert.equal(fletcher4(worst, true), fletcher4Big(worst, true));
  // By hand: words 1, 2 in little-endian order.
  const small = new Uint8Array([1, 0, 0, 0, 2, 0, 0, 0]);
  assert.equal([...fletcher4(small, true)], [3, 0, 4, 0, 5, 0, 6, 0]);
  const pair = new Uint8Array(32);
  pair[0] = 1;
  pair[8] = 2;
  pair[16] = 3;
  pair[24] = 4;
  assert.equal([...fletcher2(pair, true)], [4, 0, 6, 0, 5, 0, 8, 0]);
});

test('inflate equals zlib at every level and strategy', () => {
  fc.assert(
    fc.property(
      compressible,
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom(constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY),
      (bytes, level, strategy) => {
        const raw = deflateRawSync(bytes, { level, strategy });
        const out = new Uint8Array(bytes.length);
        assert.is(inflateRaw(raw, 0, out), bytes.length);
        assert.equal(out, bytes);
        const wrapped = new Uint8Array(bytes.length);
        assert.ok(gzipDecompress(deflateSync(bytes, { level, strategy }), wrapped));
        assert.equal(wrapped, bytes);
      },
    ),
  );
});

test('lz4: we read lz4js, it reads us, and our own round trip holds', () => {
  fc.assert(
    fc.property(compressible, (bytes) => {
      if (bytes.length > 0) {
        const theirs = new Uint8Array(lz4.compressBound(bytes.length) + 16);
        const used = lz4.compressBlock(bytes, theirs, 0, bytes.length, new Uint32Array(65536));
        if (used > 0) {
          const out = new Uint8Array(bytes.length);
          assert.is(lz4DecodeBlock(theirs.subarray(0, used), out), bytes.length);
          assert.equal(out, bytes);
        }
      }
      const ours = new Uint8Array(bytes.length * 2 + 64);
      const length = lz4EncodeBlock(bytes, ours);
      assert.ok(length > 0);
      const back = new Uint8Array(bytes.length);
      lz4.decompressBlock(ours, back, 0, length, 0);
      assert.equal(back, bytes);
      const framed = new Uint8Array(bytes.length * 2 + 64);
      const total = lz4Compress(bytes, framed);
      const again = new Uint8Array(bytes.length);
      assert.ok(lz4Decompress(framed.subarray(0, total), again));
      assert.equal(again, bytes);
    }),
  );
});

test('lzjb and zle: a round trip gives the bytes back', () => {
  fc.assert(
    fc.property(compressible, (bytes) => {
      const packed = new Uint8Array(bytes.length * 2 + 64);
      const out = new Uint8Array(bytes.length);
      assert.ok(lzjbDecompress(packed.subarray(0, lzjbCompress(bytes, packed)), out));
      assert.equal(out, bytes);
      const second = new Uint8Array(bytes.length);
      assert.ok(zleDecompress(packed.subarray(0, zleCompress(bytes, packed)), second));
      assert.equal(second, bytes);
    }),
  );
});

test('zstd: frames made by the zstd program at several levels decode', () => {
  fc.assert(
    fc.property(compressible, fc.constantFrom('-1', '-3', '-19', '--fast=10'), (bytes, level) => {
      const frame = execFileSync('zstd', ['-q', '-c', level, '--no-check'], { input: bytes });
      const out = new Uint8Array(bytes.length);
      assert.is(zstdDecodeFrame(frame, 4, out), bytes.length);
      assert.equal(out, bytes);
    }),
    { numRuns: 60 },
  );
  const text = Buffer.from(
    Array.from({ length: 40000 }, (_, i) => `line ${(i * 2654435761) >>> 12} of ${i}\n`).join(''),
  );
  for (const level of ['-1', '-9', '-19']) {
    const frame = execFileSync('zstd', ['-q', '-c', level, '--no-check'], {
      input: text,
      maxBuffer: 1 << 26,
    });
    const out = new Uint8Array(text.length);
    assert.is(zstdDecodeFrame(frame, 4, out), text.length);
    assert.ok(Buffer.from(out).equals(text));
  }
});

test('noise into every decoder ends, and stays inside its output', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.integer({ min: 0, max: 5000 }),
      (noise, size) => {
        for (const decode of [
          lz4Decompress,
          lzjbDecompress,
          zleDecompress,
          gzipDecompress,
          zstdDecompress,
        ]) {
          const out = new Uint8Array(size);
          assert.type(decode(noise, out), 'boolean');
        }
        inflateRaw(noise, 0, new Uint8Array(size));
        zstdDecodeFrame(noise, 0, new Uint8Array(size));
        lz4DecodeBlock(noise, new Uint8Array(size));
      },
    ),
    { numRuns: 2000 },
  );
});

test.run();
