import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as vfs from '../src/index.js';

function item(path: string, mode: number, fill?: (item: vfs.PackItem) => void): vfs.PackItem {
  const made = new vfs.PackItem(path, mode);
  if (fill !== undefined) fill(made);
  return made;
}

function sample(): vfs.PackItem[] {
  return [
    item('/bin/busybox', vfs.S_IFREG | 0o755, (i) => {
      i.content = new Uint8Array(5000).map((_, index) => index & 0xff);
      i.mtimeSeconds = 1700000000;
    }),
    item('/bin/sh', vfs.S_IFLNK | 0o777, (i) => {
      i.target = 'busybox';
    }),
    item('/bin/ls', vfs.S_IFREG, (i) => {
      i.hardLinkTo = '/bin/busybox';
    }),
    item('/etc/empty', vfs.S_IFREG | 0o600, (i) => {
      i.content = new Uint8Array(0);
      i.uid = 1000;
      i.gid = 100;
      i.mtimeSeconds = -5;
      i.mtimeNanoseconds = 999999999;
    }),
    item('/dev/console', vfs.S_IFCHR | 0o600, (i) => {
      i.device = vfs.makeDevice(5, 1);
    }),
    item('/tmp', vfs.S_IFDIR | 0o1777),
  ];
}

function pack(items: vfs.PackItem[]): Uint8Array {
  const image = vfs.packImage(items);
  if (image instanceof vfs.PackError) throw new Error(image.path + ': ' + image.reason);
  return image;
}

function open(image: Uint8Array): vfs.PackedFileSystem {
  const opened = vfs.PackedFileSystem.open(image);
  if (typeof opened === 'string') throw new Error(opened);
  return opened;
}

test('attributes, links and content come back', () => {
  const fs = new vfs.PosixFileSystem(open(pack(sample())));
  assert.equal(fs.readdir('/'), ['bin', 'dev', 'etc', 'tmp']);
  assert.is(fs.stat('/bin/sh').size, 5000);
  assert.is(fs.stat('/bin/ls').node, fs.stat('/bin/busybox').node);
  assert.is(fs.stat('/bin/ls').links, 2);
  assert.is(fs.stat('/bin/ls').mtimeSeconds, 1700000000);
  assert.is(fs.stat('/etc/empty').mtimeSeconds, -5);
  assert.is(fs.stat('/etc/empty').mtimeNanoseconds, 999999999);
  assert.is(fs.stat('/etc/empty').uid, 1000);
  assert.is(fs.stat('/dev/console').rdev, vfs.makeDevice(5, 1));
  assert.is(fs.stat('/tmp').mode, vfs.S_IFDIR | 0o1777);
  assert.is(fs.readFile('/bin/sh')[4097], 4097 & 0xff);
  for (const operation of [
    () => fs.writeFile('/bin/sh', 'x'),
    () => fs.writeFile('/new', 'x'),
    () => fs.mkdir('/new'),
    () => fs.unlink('/bin/sh'),
    () => fs.chmod('/bin/busybox', 0),
    () => fs.truncate('/bin/busybox', 0),
    () => fs.rename('/bin/sh', '/bin/bash'),
  ]) {
    assert.throws(operation, (error: vfs.PosixError) => error.code === 'EROFS');
  }
});

test('content lies at page boundaries, in place', () => {
  const image = pack(sample());
  const fs = new vfs.PosixFileSystem(open(image));
  const node = fs.namespace.findNode(fs.place, fs.place.cwd, '/bin/busybox', true) as vfs.Vnode;
  const first = node.page(0, false)!;
  const second = node.page(1, false)!;
  assert.is(first.buffer, image.buffer);
  assert.is(first.byteOffset % vfs.PAGE_BYTES, 0);
  assert.is(second.byteOffset, first.byteOffset + vfs.PAGE_BYTES);
  assert.ok(
    second.subarray(5000 - 4096).every((byte) => byte === 0),
    'zeros after the end',
  );
  assert.is(node.page(2, false), undefined);
  assert.is(node.page(0, true), undefined);
});

test('the bytes depend on the items, not on their order', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(sample(), { minLength: 6 }), (items) => {
      assert.equal(pack(items), pack(sample()));
    }),
    { numRuns: 20 },
  );
});

test('bad items are refused by name', () => {
  for (const [items, reason] of [
    [[item('bin', vfs.S_IFDIR)], 'not a plain absolute path'],
    [[item('/a/../b', vfs.S_IFDIR)], 'not a plain absolute path'],
    [[item('/a', vfs.S_IFREG), item('/a', vfs.S_IFREG)], 'given twice'],
    [[item('/a', vfs.S_IFREG), item('/a/b', vfs.S_IFREG)], 'its parent is not a directory'],
    [[item('/a', vfs.S_IFREG, (i) => (i.hardLinkTo = '/b'))], 'hard link to nothing'],
  ] as [vfs.PackItem[], string][]) {
    const error = vfs.packImage(items);
    assert.ok(error instanceof vfs.PackError && error.reason === reason, reason);
  }
});

/** Looks at everything that can be looked at; only errors of the file system may come out. */
function explore(fs: vfs.PackedFileSystem): void {
  let budget = 200;
  const attributes = new vfs.Attributes();
  const buffer = new Uint8Array(64);
  const visit = (node: vfs.Vnode, depth: number): void => {
    if (budget-- <= 0) return;
    node.stat(attributes);
    assert.ok(Number.isSafeInteger(attributes.size) && attributes.size >= 0, 'size');
    assert.ok(Number.isSafeInteger(attributes.mtimeSeconds), 'time');
    const size = attributes.size;
    for (const offset of [0, 1, size - 1, size, size + 1, 2 ** 40]) {
      if (offset >= 0) assert.ok(node.read(offset, buffer) <= 64);
    }
    for (const index of [0, 1, 2 ** 20]) node.page(index, false);
    const target = node.readLink();
    if (!(target instanceof vfs.Failure)) assert.ok(target.length < vfs.PATH_BYTES_MAX);
    node.lookup('busybox');
    node.lookup('zz');
    const names: string[] = [];
    node.readDirectory(0, {
      entry: (name: string) => {
        assert.ok(name.length > 0 && name.length <= 255 && !name.includes('/') && name !== '..');
        names.push(name);
        return names.length < 20;
      },
    });
    for (const name of names) {
      const child = node.lookup(name);
      if (!(child instanceof vfs.Failure) && depth < 50) visit(child, depth + 1);
    }
  };
  visit(fs.root(), 0);
}

const damage = fc.record({
  at: fc.oneof(fc.nat(71), fc.integer({ min: 4096, max: 5000 })),
  value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)),
});

test('hostile images give errors, never a read outside', () => {
  const image = pack(sample());
  fc.assert(
    fc.property(
      fc.array(damage, { minLength: 1, maxLength: 12 }),
      fc.nat(image.length),
      (changes, cut) => {
        // Surrounded by poison: a read outside the image would show it.
        const surrounded = new Uint8Array(image.length + 8192).fill(0xa5);
        surrounded.set(image, 4096);
        for (const change of changes) surrounded[4096 + change.at] = change.value;
        for (const length of [image.length, cut]) {
          const opened = vfs.PackedFileSystem.open(surrounded.subarray(4096, 4096 + length));
          if (typeof opened !== 'string') explore(opened);
        }
      },
    ),
    { numRuns: 1500 },
  );
});

test('random bytes behind a good magic are refused or harmless', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 400 }), (noise) => {
      const image = new Uint8Array(8192);
      image.set(pack(sample()).subarray(0, 16));
      image.set(noise, 16);
      const opened = vfs.PackedFileSystem.open(image);
      if (typeof opened !== 'string') explore(opened);
    }),
    { numRuns: 500 },
  );
});

test.run();
