/** Broken images give typed errors: no hang, no crash, no read outside an image. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ZfsError } from '../src/errors.js';
import { MemoryDevice } from '../src/memory-device.js';
import { openPool } from '../src/node/open-pool.js';
import { unpackNvList } from '../src/nvlist/packed.js';
import { ChecksumAcceptor } from '../src/pool/checksums.js';
import { devicesOf, unpack } from './support/fixtures.js';

const RUNS = Number(process.env.TESSERA_ZFS_HOSTILE_RUNS ?? 100);
const images = ['s-grub2-compat', 's-gang', 's-removed-vdev', 's-snapclone'].map((name) =>
  devicesOf(unpack(name)).map((path) => new Uint8Array(readFileSync(path))),
);

/** Opens and walks; anything but success or a ZfsError fails the property. */
function walk(devices: Uint8Array[]): void {
  try {
    const pool = openPool(devices.map((bytes) => new MemoryDevice(bytes, true)));
    pool.manifest();
    pool.check();
  } catch (error) {
    if (!(error instanceof ZfsError)) throw error;
  }
}

/** Places in an image that hold something. */
const places = images.map((devices) =>
  devices.map((bytes) => {
    const used: number[] = [];
    for (let at = 0; at < bytes.length; at += 512) {
      for (let i = at; i < at + 512; i += 8) {
        if (bytes[i] !== 0) {
          used.push(at);
          break;
        }
      }
    }
    return used;
  }),
);

function mutate(
  which: number,
  changes: readonly { at: number; inside: number; value: number }[],
  body: (devices: Uint8Array[]) => void,
): void {
  const undo: { device: number; at: number; old: number }[] = [];
  for (const change of changes) {
    const device = change.at % images[which].length;
    const used = places[which][device];
    if (used.length === 0) continue;
    const at = used[change.at % used.length] + change.inside;
    undo.push({ device, at, old: images[which][device][at] });
    images[which][device][at] = change.value;
  }
  try {
    body(images[which]);
  } finally {
    for (const step of undo.reverse()) images[which][step.device][step.at] = step.old;
  }
}

const change = fc.record({
  at: fc.nat(),
  inside: fc.integer({ min: 0, max: 511 }),
  value: fc.integer({ min: 0, max: 255 }),
});

test('images with changed bytes: checksums catch them', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: images.length - 1 }),
      fc.array(change, { minLength: 1, maxLength: 200 }),
      (which, changes) => mutate(which, changes, walk),
    ),
    { numRuns: Math.ceil(RUNS / 3) },
  );
});

test('images whose checksums lie: every parser meets hostile bytes', () => {
  // With every checksum taken as right, the changed bytes reach the parsers.
  const accept = ChecksumAcceptor.prototype.accept;
  ChecksumAcceptor.prototype.accept = () => true;
  try {
    fc.assert(
      fc.property(
        fc.nat({ max: images.length - 1 }),
        fc.array(change, { minLength: 1, maxLength: 60 }),
        (which, changes) => mutate(which, changes, walk),
      ),
      { numRuns: RUNS },
    );
  } finally {
    ChecksumAcceptor.prototype.accept = accept;
  }
});

test('noise as a packed list ends', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.constantFrom(0, 1), (noise, encoding) => {
      const bytes = new Uint8Array(noise.length + 4);
      bytes[0] = encoding;
      bytes[1] = 1;
      bytes.set(noise, 4);
      try {
        unpackNvList(bytes);
      } catch (error) {
        assert.ok(error instanceof ZfsError);
      }
    }),
    { numRuns: 1000 },
  );
});

test.run();
