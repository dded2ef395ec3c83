import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as vfs from '../src/index.js';
import { attempt, dump, ModelFileSystem } from './model.js';

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => '/' + parts.join('/'));
const target = fc.oneof(
  path,
  fc.array(name, { minLength: 1, maxLength: 2 }).map((parts) => parts.join('/')),
);
const sizes = fc.constantFrom(0, 1, 10, 4095, 4096, 4097, 8192, 9000);
const bytes = fc.tuple(sizes, fc.nat(255)).map(([n, b]) => new Uint8Array(n).fill(b + 1));

const operation = fc.oneof(
  fc.record({
    do: fc.constant('write' as const),
    path,
    offset: sizes,
    bytes,
    truncate: fc.boolean(),
  }),
  fc.record({ do: fc.constant('truncate' as const), path, size: sizes }),
  fc.record({ do: fc.constant('mkdir' as const), path }),
  fc.record({ do: fc.constant('rmdir' as const), path }),
  fc.record({ do: fc.constant('unlink' as const), path }),
  fc.record({ do: fc.constant('symlink' as const), path, target }),
  fc.record({ do: fc.constant('link' as const), path, to: path }),
  fc.record({ do: fc.constant('rename' as const), path, to: path }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

function onModel(model: ModelFileSystem, op: Operation): number {
  switch (op.do) {
    case 'write':
      return model.write(op.path, op.offset, op.bytes, op.truncate);
    case 'truncate':
      return model.truncate(op.path, op.size);
    case 'mkdir':
      return model.make(op.path, { kind: 'dir', children: new Map() });
    case 'rmdir':
      return model.rmdir(op.path);
    case 'unlink':
      return model.unlink(op.path);
    case 'symlink':
      return model.make(op.path, { kind: 'link', target: op.target, links: 1 });
    case 'link':
      return model.link(op.path, op.to);
    case 'rename':
      return model.rename(op.path, op.to);
  }
}

function onReal(fs: vfs.PosixFileSystem, op: Operation): number {
  switch (op.do) {
    case 'write':
      return attempt(() => {
        const flags = vfs.O_WRONLY | vfs.O_CREAT | (op.truncate ? vfs.O_TRUNC : 0);
        const fd = fs.open(op.path, flags);
        let done = 0;
        while (done < op.bytes.length)
          done += fs.writeAt(fd, op.offset + done, op.bytes.subarray(done));
        fs.close(fd);
        return done;
      });
    case 'truncate':
      return attempt(() => fs.truncate(op.path, op.size));
    case 'mkdir':
      return attempt(() => fs.mkdir(op.path));
    case 'rmdir':
      return attempt(() => fs.rmdir(op.path));
    case 'unlink':
      return attempt(() => fs.unlink(op.path));
    case 'symlink':
      return attempt(() => fs.symlink(op.target, op.path));
    case 'link':
      return attempt(() => fs.link(op.path, op.to));
    case 'rename':
      return attempt(() => fs.rename(op.path, op.to));
  }
}

test('any sequence of operations equals the naive model', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const model = new ModelFileSystem();
      const fs = vfs.PosixFileSystem.inMemory();
      for (const op of operations) {
        assert.is(onReal(fs, op), onModel(model, op), JSON.stringify({ ...op, bytes: undefined }));
      }
      assert.equal(dump(fs), model.dump());
    }),
    { numRuns: 400 },
  );
});

test('an overlay over a packed image equals the model that went on, and the image stays as it was', () => {
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 25 }),
      fc.array(operation, { maxLength: 25 }),
      (before, after) => {
        const model = new ModelFileSystem();
        const first = vfs.PosixFileSystem.inMemory();
        for (const op of before) {
          onModel(model, op);
          onReal(first, op);
        }
        const image = pack(first);
        const copy = image.slice();
        const opened = vfs.PackedFileSystem.open(image);
        if (typeof opened === 'string') throw new Error(opened);
        assert.equal(dump(new vfs.PosixFileSystem(opened)), model.dump(), 'packed');
        const fs = vfs.PosixFileSystem.over(opened);
        for (const op of after) {
          assert.is(
            onReal(fs, op),
            onModel(model, op),
            JSON.stringify({ ...op, bytes: undefined }),
          );
        }
        assert.equal(dump(fs), model.dump(), 'overlay');
        assert.equal(image, copy, 'image changed');
      },
    ),
    { numRuns: 200 },
  );
});

/** Packs what a file system shows. */
function pack(fs: vfs.PosixFileSystem): Uint8Array {
  const items: vfs.PackItem[] = [];
  const seen = new Map<number, string>();
  const visit = (at: string): void => {
    const st = fs.lstat(at === '' ? '/' : at);
    const item = new vfs.PackItem(at === '' ? '/' : at, st.mode);
    const type = st.mode & vfs.S_IFMT;
    if (type !== vfs.S_IFDIR) {
      const known = seen.get(st.node);
      if (known !== undefined) item.hardLinkTo = known;
      else seen.set(st.node, at);
    }
    if (type === vfs.S_IFREG) item.content = fs.readFile(at);
    if (type === vfs.S_IFLNK) item.target = fs.readlink(at);
    items.push(item);
    if (type === vfs.S_IFDIR)
      for (const child of fs.readdir(at === '' ? '/' : at)) visit(at + '/' + child);
  };
  visit('');
  const image = vfs.packImage(items);
  if (image instanceof vfs.PackError) throw new Error(image.path + ': ' + image.reason);
  return image;
}

test('no name is lost or doubled when a directory changes during a listing', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ add: fc.boolean(), name: fc.constantFrom(...'abcdefghij') }), {
        maxLength: 30,
      }),
      fc.integer({ min: 1, max: 4 }),
      (changes, batch) => {
        const fs = vfs.PosixFileSystem.inMemory();
        for (const stays of ['p', 'q', 'r', 's', 't']) fs.writeFile('/' + stays, stays);
        const root = fs.namespace.root.node!;
        const seen: string[] = [];
        let cookie = 0;
        let step = 0;
        for (;;) {
          let room = batch;
          const next = root.readDirectory(cookie, {
            entry: (n: string) => {
              if (room-- <= 0) return false;
              seen.push(n);
              return true;
            },
          });
          if (next === cookie) break;
          cookie = next;
          for (const change of changes.slice(step, step + 3)) {
            attempt(() =>
              change.add ? fs.writeFile('/' + change.name, 'x') : fs.unlink('/' + change.name),
            );
          }
          step += 3;
        }
        for (const stays of ['p', 'q', 'r', 's', 't']) {
          assert.is(seen.filter((n) => n === stays).length, 1, stays);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test.run();
