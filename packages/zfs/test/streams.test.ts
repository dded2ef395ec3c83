/** Streams made by real `zfs send`, received in memory: files equal what the real receive gave. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ZfsError } from '../src/errors.js';
import { decodeName } from '../src/node/fs-view.js';
import { ReceivedDataset, receiveStream } from '../src/stream/received.js';
import { FileSystem, TYPE_MASK } from '../src/zpl/file-system.js';
import { unpack } from './support/fixtures.js';

const folder = unpack('s-streams');
const KEYS = [new TextEncoder().encode('tessera-pass-1')];
const stream = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(join(folder, `${name}.zfs`)));

function sums(dataset: ReceivedDataset): string[] {
  const fs = new FileSystem(dataset);
  const out: string[] = [];
  const walk = (object: number, path: string): void => {
    for (const entry of fs.readDirectory(object)) {
      const attributes = fs.attributes(entry.object);
      const name = `${path}/${decodeName(entry.name)}`;
      const kind = attributes.mode & TYPE_MASK;
      if (kind === 0x4000) walk(entry.object, name);
      else if (kind === 0x8000 && attributes.sizeBytes < 100e6) {
        const bytes = new Uint8Array(attributes.sizeBytes);
        fs.read(entry.object, 0, bytes);
        out.push(`${createHash('sha256').update(bytes).digest('hex')}  ${name}`);
      }
    }
  };
  walk(fs.root, '.');
  return out.sort();
}

const wanted = (name: string): string[] =>
  readFileSync(join(folder, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .sort();

test('full, then incremental', () => {
  const dataset = receiveStream(stream('full'), new ReceivedDataset(), []);
  assert.equal(sums(dataset), wanted('sha256-one@one.txt'));
  receiveStream(stream('incr-one-two'), dataset, []);
  assert.equal(sums(dataset), wanted('sha256-one@two.txt'));
});

test('with properties; compressed, large blocks, embedded', () => {
  const properties = receiveStream(stream('full-p'), new ReceivedDataset(), []);
  assert.equal(sums(properties), wanted('sha256-one@two.txt'));
  const compressed = receiveStream(stream('full-cLe'), new ReceivedDataset(), []);
  assert.equal(sums(compressed), wanted('sha256-cle@one.txt'));
});

test('raw encrypted, full then incremental; without the key an error', () => {
  const dataset = receiveStream(stream('raw-encrypted-aes-256-gcm'), new ReceivedDataset(), KEYS);
  assert.equal(sums(dataset), wanted('sha256-enc@s1.txt'));
  receiveStream(stream('raw-incr'), dataset, KEYS);
  assert.equal(sums(dataset), wanted('sha256-enc@s2.txt'));
  assert.throws(
    () => receiveStream(stream('raw-encrypted-aes-256-gcm'), new ReceivedDataset(), []),
    (error: unknown) => error instanceof ZfsError && error.code === 'key',
  );
});

test('an incremental stream over the wrong state is refused', () => {
  assert.throws(
    () => receiveStream(stream('incr-one-two'), new ReceivedDataset(), []),
    (error: unknown) => error instanceof ZfsError && error.code === 'invalid',
  );
});

test('changed and cut-off streams end in errors', () => {
  const bytes = stream('full-cLe');
  // What follows the sum in the last record is padding.
  const covered = bytes.length - 312 + 40;
  fc.assert(
    fc.property(fc.nat({ max: covered - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const broken = bytes.slice();
      broken[at] ^= flip;
      assert.throws(
        () => receiveStream(broken, new ReceivedDataset(), []),
        (error: unknown) => error instanceof ZfsError,
      );
      assert.throws(
        () => receiveStream(bytes.slice(0, at), new ReceivedDataset(), []),
        (error: unknown) => error instanceof ZfsError,
      );
    }),
    { numRuns: 60 },
  );
});

test.run();
