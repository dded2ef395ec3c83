/** What we write: equal to a model, clean by our check and by zdb, and there after power cuts. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ZfsError } from '../src/errors.js';
import { MemoryDevice } from '../src/memory-device.js';
import { FileDevice } from '../src/node/file-device.js';
import { openPool } from '../src/node/open-pool.js';
import { PowerCutDevice } from '../src/testing/power-cut-device.js';
import { createPool, type Layout, openForWriting } from '../src/write/create-pool.js';
import type { PoolWriter } from '../src/write/pool-writer.js';

const SIZE = 67108864;
const CRASHES = Number(process.env.TESSERA_ZFS_CRASHES ?? 12);

/** Deterministic random source and clock. */
function environment(seed: number) {
  let state = seed >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  return {
    random: {
      fill(bytes: Uint8Array): void {
        for (let i = 0; i < bytes.length; i++) bytes[i] = next() & 0xff;
      },
    },
    clock: { nowSeconds: () => 1700000000 },
  };
}

function content(seed: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  if (seed % 3 === 0) return bytes.fill(seed & 0xff);
  environment(seed + 1).random.fill(bytes);
  return bytes;
}

type Step =
  | { kind: 'write'; file: number; offset: number; size: number; seed: number }
  | { kind: 'truncate'; file: number; size: number }
  | { kind: 'remove'; file: number }
  | { kind: 'rename'; file: number; to: number }
  | { kind: 'snapshot' }
  | { kind: 'sync' };

const file = fc.integer({ min: 0, max: 11 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    file,
    offset: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400000 })),
    size: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 300000 })),
    seed: fc.nat({ max: 1000 }),
  }),
  fc.record({
    kind: fc.constant('truncate' as const),
    file,
    size: fc.integer({ min: 0, max: 500000 }),
  }),
  fc.record({ kind: fc.constant('remove' as const), file }),
  fc.record({ kind: fc.constant('rename' as const), file, to: file }),
  fc.constant({ kind: 'snapshot' as const }),
  fc.constant({ kind: 'sync' as const }),
);

/** The model: names to bytes. */
type Model = Map<string, Uint8Array>;
const nameOf = (file: number): string => `/d${file % 3}/file-${file}`;

class Driver {
  readonly model: Model = new Map();
  readonly snapshots = new Map<string, Model>();
  readonly #pendingSnapshots: string[] = [];
  writer: PoolWriter;
  #count = 0;

  constructor(writer: PoolWriter) {
    this.writer = writer;
  }

  start(): void {
    for (let i = 0; i < 3; i++) this.writer.fileSystem([]).mkdir(`/d${i}`, 0o755);
  }

  run(step: Step): void {
    const fs = this.writer.fileSystem([]);
    switch (step.kind) {
      case 'write': {
        const name = nameOf(step.file);
        const bytes = content(step.seed, step.size);
        fs.write(fs.open(name, 0o644), step.offset, bytes);
        const old = this.model.get(name) ?? new Uint8Array(0);
        const end = bytes.length === 0 ? 0 : step.offset + bytes.length;
        const merged = new Uint8Array(Math.max(old.length, step.offset + bytes.length, end));
        merged.set(old);
        merged.set(bytes, step.offset);
        this.model.set(name, merged);
        break;
      }
      case 'truncate': {
        const name = nameOf(step.file);
        fs.truncate(fs.open(name, 0o644), step.size);
        const next = new Uint8Array(step.size);
        next.set((this.model.get(name) ?? new Uint8Array(0)).subarray(0, step.size));
        this.model.set(name, next);
        break;
      }
      case 'remove':
        if (this.model.delete(nameOf(step.file))) fs.remove(nameOf(step.file));
        else assert.throws(() => fs.remove(nameOf(step.file)), isMissing);
        break;
      case 'rename': {
        const from = nameOf(step.file);
        const to = nameOf(step.to);
        const bytes = this.model.get(from);
        if (bytes === undefined) {
          assert.throws(() => fs.rename(from, to), isMissing);
        } else {
          fs.rename(from, to);
          this.model.delete(from);
          this.model.set(to, bytes);
        }
        break;
      }
      case 'snapshot': {
        const name = `s${this.#count++}`;
        this.writer.snapshot([], name);
        this.#pendingSnapshots.push(name);
        break;
      }
      case 'sync':
        this.sync();
        break;
    }
  }

  sync(): void {
    this.writer.sync();
    for (const name of this.#pendingSnapshots) this.snapshots.set(name, new Map(this.model));
    this.#pendingSnapshots.length = 0;
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof ZfsError && error.code === 'not-found';

function filesOf(devices: (Uint8Array | string)[], dataset: string): Map<string, string> {
  const pool = openPool(devices);
  const out = new Map<string, string>();
  const { fs } = pool.dataset(dataset);
  for (let i = 0; i < 3; i++) {
    if (!fs.existsSync(`/d${i}`)) continue;
    for (const name of fs.readdirSync(`/d${i}`)) {
      const bytes = fs.readFileSync(`/d${i}/${name}`);
      out.set(`/d${i}/${name}`, createHash('sha256').update(bytes).digest('hex'));
    }
  }
  pool.close();
  return out;
}

const hashes = (model: Model): Map<string, string> =>
  new Map(
    [...model].map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]),
  );

const sorted = (map: Map<string, string>): [string, string][] => [...map].sort();

function create(layout: Layout, devices: number, ashift: number, seed: number) {
  const images = Array.from({ length: devices }, () => new Uint8Array(SIZE));
  const env = environment(seed);
  const blockDevices = images.map((bytes) => new MemoryDevice(bytes, false));
  const writer = createPool(blockDevices, {
    name: 'model',
    layout,
    ashift,
    paths: images.map((_, i) => `/model/${i}`),
    ...env,
  });
  return { images, writer, env, blockDevices };
}

test('random operations equal a model, live, in snapshots and after opening again', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<[Layout, number, number]>(
        ['single', 1, 9],
        ['single', 1, 12],
        ['mirror', 2, 9],
        ['raidz1', 3, 9],
        ['raidz2', 4, 12],
      ),
      fc.array(step, { maxLength: 30 }),
      fc.array(step, { maxLength: 10 }),
      fc.nat(),
      ([layout, count, ashift], steps, more, seed) => {
        const { images, writer, env, blockDevices } = create(layout, count, ashift, seed);
        const driver = new Driver(writer);
        driver.start();
        for (const s of steps) driver.run(s);
        driver.sync();
        driver.writer = openForWriting(blockDevices, env.random, env.clock).writer;
        for (const s of more) if (s.kind !== 'snapshot') driver.run(s);
        driver.sync();
        assert.equal(sorted(filesOf(images, 'model')), sorted(hashes(driver.model)));
        for (const [name, model] of driver.snapshots) {
          assert.equal(sorted(filesOf(images, `model@${name}`)), sorted(hashes(model)));
        }
        assert.equal(openPool(images).check().problems, []);
      },
    ),
    { numRuns: Number(process.env.TESSERA_ZFS_MODEL_RUNS ?? 8) },
  );
});

test('a power cut at any write leaves the last or the last but one group, whole', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.nat(),
      fc.nat(),
      (first, second, seed, at) => {
        const disk = new PowerCutDevice(new Uint8Array(SIZE));
        const env = environment(seed);
        const writer = createPool([disk], {
          name: 'model',
          layout: 'single',
          ashift: 9,
          paths: ['/model/0'],
          ...env,
        });
        const driver = new Driver(writer);
        driver.start();
        for (const s of first) if (s.kind !== 'snapshot') driver.run(s);
        driver.sync();
        const before = hashes(driver.model);
        const start = disk.steps;
        const cuts: { image: Uint8Array; committed: boolean }[] = [];
        for (const s of second) if (s.kind !== 'sync' && s.kind !== 'snapshot') driver.run(s);
        const after = hashes(driver.model);
        // One sync takes some 60 to 400 steps; cut at one of them.
        const target = start + (at % 200);
        let chooser = (at % 65521) + 1;
        disk.onStep = (step) => {
          if (step !== target) return;
          cuts.push({
            image: disk.cut(() => {
              chooser = (chooser * 48271) % 2147483647;
              return chooser % 3 !== 0;
            }),
            committed: false,
          });
        };
        driver.sync();
        disk.onStep = null;
        cuts.push({ image: disk.cut(() => false), committed: true });
        for (const cut of cuts) {
          const found = JSON.stringify(sorted(filesOf([cut.image], 'model')));
          const old = JSON.stringify(sorted(before));
          const now = JSON.stringify(sorted(after));
          if (cut.committed) assert.is(found, now);
          else assert.ok(found === old || found === now, 'neither the old nor the new state');
          assert.equal(openPool([cut.image]).check().problems, []);
        }
      },
    ),
    { numRuns: CRASHES },
  );
});

test('a full pool says so, and what was there stays', () => {
  const { images, writer } = create('single', 1, 9, 7);
  const fs = writer.fileSystem([]);
  fs.mkdir('/d0', 0o755);
  fs.write(fs.open('/d0/kept', 0o644), 0, content(1, 1000));
  writer.sync();
  const big = fs.open('/d0/big', 0o644);
  assert.throws(
    () => {
      for (let i = 0; i < 100; i++) fs.write(big, i * 1000000, content(1 + 3 * i, 1000000));
    },
    (error: unknown) => error instanceof ZfsError && error.code === 'no-space',
  );
  assert.is(filesOf(images, 'model').size, 1);
});

test('pools that are not ours are refused for writing', () => {
  const { env } = create('single', 1, 9, 3);
  assert.throws(
    () => openForWriting([new MemoryDevice(new Uint8Array(SIZE), false)], env.random, env.clock),
    (error: unknown) => error instanceof ZfsError && error.code === 'device',
  );
});

/** zdb on PATH, or in the folder that `tools/zfs-guest.sh fetch` filled. */
function zdb(): { run: (args: string[]) => string } | null {
  const cache = process.env.TESSERA_ZFS_CACHE;
  const env = { ...process.env };
  if (cache !== undefined) {
    const root = join(cache, 'zfs-2.3.2');
    env.LD_LIBRARY_PATH = `${root}/lib/x86_64-linux-gnu:${root}/usr/lib/x86_64-linux-gnu`;
    env.PATH = `${root}/sbin:${root}/usr/bin:${env.PATH}`;
  }
  const run = (args: string[]): string =>
    execFileSync('zdb', args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    run(['-?']);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  }
  return { run };
}

const oracle = zdb();
if (oracle === null) {
  const message =
    'zdb is not on PATH and TESSERA_ZFS_CACHE is not set: run "tools/zfs-guest.sh fetch CACHE" and set it to CACHE';
  if (process.env.CI !== undefined) {
    test('zdb judges what we write', () => {
      throw new Error(message);
    });
  } else {
    console.error(`SKIPPED, zdb judges what we write: ${message}`);
  }
} else {
  for (const [layout, count, ashift] of [
    ['single', 1, 12],
    ['mirror', 2, 9],
    ['raidz1', 3, 9],
  ] as const) {
    test(`zdb finds no leaks and no errors after every step: ${layout}`, () => {
      const folder = mkdtempSync(join(tmpdir(), 'tessera-zdb-'));
      try {
        const paths = Array.from({ length: count }, (_, i) => join(folder, `d${i}`));
        for (const path of paths) {
          writeFileSync(path, '');
          truncateSync(path, SIZE);
        }
        const env = environment(11);
        const writer = createPool(
          paths.map((path) => new FileDevice(path, false)),
          { name: 'judged', layout, ashift, paths, ...env },
        );
        const judge = (what: string): void => {
          const out = oracle.run(['-e', '-p', folder, '-bcc', 'judged']);
          assert.match(out, /No leaks \(block sum matches space maps exactly\)/, what);
          assert.not.match(out, /mismatch/, what);
        };
        judge('created');
        const fs = writer.fileSystem([]);
        for (let i = 0; i < 200; i++) fs.write(fs.open(`/f${i}`, 0o644), 0, content(i, 97 * i));
        writer.snapshot([], 'one');
        writer.sync();
        judge('files and a snapshot');
        for (let i = 0; i < 200; i += 2) fs.remove(`/f${i}`);
        for (let i = 1; i < 200; i += 2) fs.write(fs.open(`/f${i}`, 0o644), 40, content(i, 500));
        const home = writer.createFileSystem(['home']);
        for (let i = 0; i < 2500; i++) home.symlink(`t${i}`, `/link-${i}`);
        writer.sync();
        judge('removed, overwritten, a second file system with a fat directory');
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
}

test.run();
