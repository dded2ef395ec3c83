import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as vfs from '../src/index.js';
import { attempt } from './model.js';

test('descriptors: lowest first, dup2, close on exec', () => {
  const fs = vfs.PosixFileSystem.inMemory();
  fs.writeFile('/f', 'abcdef');
  const table = fs.descriptors;
  const first = fs.open('/f', vfs.O_RDWR);
  const second = fs.open('/f', vfs.O_RDONLY);
  assert.equal([first, second], [0, 1]);
  assert.is(table.replace(0, 5, true), 5);
  const buffer = new Uint8Array(3);
  fs.read(0, buffer);
  fs.read(5, buffer);
  assert.is(String.fromCharCode(...buffer), 'def', 'one offset for both');
  table.close(0);
  assert.is(fs.open('/f', vfs.O_RDONLY), 0);
  table.closeAllOnExec();
  assert.is(table.get(5), undefined);
  assert.is(table.close(5), -vfs.EBADF);
  table.limit = 2;
  assert.is(
    attempt(() => fs.open('/f', vfs.O_RDONLY)),
    -vfs.EMFILE,
  );
});

test('append writes at the end, whatever the offset', () => {
  const fs = vfs.PosixFileSystem.inMemory();
  fs.writeFile('/f', 'abc');
  const fd = fs.open('/f', vfs.O_RDWR | vfs.O_APPEND);
  fs.seek(fd, 0);
  fs.write(fd, new Uint8Array([100]));
  assert.is(fs.readText('/f'), 'abcd');
  assert.is(
    attempt(() => fs.seek(fd, -1)),
    -vfs.EINVAL,
  );
  assert.is(fs.seek(fd, 100, vfs.SEEK_END), 104);
  fs.close(fd);
});

test('a pipe is a byte queue', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ write: fc.boolean(), size: fc.constantFrom(1, 7, 4096, 5000, 70000) }), {
        maxLength: 40,
      }),
      (steps) => {
        const pipe = new vfs.Pipe(1);
        const reader = new vfs.PipeReader(pipe, 0);
        const writer = new vfs.PipeWriter(pipe, 0);
        const model: number[] = [];
        let next = 0;
        for (const step of steps) {
          if (step.write) {
            const data = new Uint8Array(step.size).map(() => next++ & 0xff);
            const count = writer.write(data);
            const room = vfs.PIPE_BYTES - model.length;
            if (step.size <= vfs.PIPE_ATOMIC_BYTES)
              assert.is(count, step.size <= room ? step.size : -vfs.EAGAIN);
            else assert.is(count, room === 0 ? -vfs.EAGAIN : Math.min(room, step.size));
            for (let index = 0; index < count; index++) model.push(data[index]);
          } else {
            const into = new Uint8Array(step.size);
            const count = reader.read(into);
            assert.is(count, model.length === 0 ? -vfs.EAGAIN : Math.min(model.length, step.size));
            if (count > 0) assert.equal([...into.subarray(0, count)], model.splice(0, count));
          }
          assert.is((reader.poll() & vfs.POLLIN) !== 0, model.length > 0);
        }
        writer.release();
        assert.ok(reader.poll() & vfs.POLLHUP);
        if (model.length === 0) assert.is(reader.read(new Uint8Array(1)), 0);
      },
    ),
    { numRuns: 100 },
  );
  const pipe = new vfs.Pipe(1);
  const reader = new vfs.PipeReader(pipe, 0);
  const writer = new vfs.PipeWriter(pipe, 0);
  reader.release();
  assert.is(writer.write(new Uint8Array(1)), -vfs.EPIPE);
});

test('wakers are told of every change', () => {
  const pipe = new vfs.Pipe(1);
  const reader = new vfs.PipeReader(pipe, 0);
  const writer = new vfs.PipeWriter(pipe, 0);
  let wakes = 0;
  const waker = { wake: () => void wakes++ };
  pipe.queue.add(waker);
  writer.write(new Uint8Array(2));
  reader.read(new Uint8Array(1));
  pipe.queue.remove(waker);
  reader.read(new Uint8Array(1));
  assert.is(wakes, 2);
});

test('devices', () => {
  const random = { fill: (out: Uint8Array) => void out.fill(7) };
  const dev = new vfs.DeviceFileSystem(new vfs.ManualClock(0), random);
  const fs = vfs.PosixFileSystem.inMemory();
  fs.mkdir('/dev');
  fs.mount('/dev', dev.fileSystem);
  const buffer = new Uint8Array(4).fill(9);
  const read = (path: string): number => fs.read(fs.open(path, vfs.O_RDONLY), buffer);
  assert.is(read('/dev/null'), 0);
  assert.is(read('/dev/zero'), 4);
  assert.equal([...buffer], [0, 0, 0, 0]);
  assert.is(read('/dev/urandom'), 4);
  assert.equal([...buffer], [7, 7, 7, 7]);
  assert.is(
    attempt(() => fs.writeFile('/dev/full', 'x')),
    -vfs.ENOSPC,
  );
  fs.writeFile('/dev/null', 'x');
  assert.is(fs.stat('/dev/null').rdev, vfs.makeDevice(1, 3));
  assert.is(fs.stat('/dev/null').mode, vfs.S_IFCHR | 0o666);
});

test('synthetic files keep their text from open to close', () => {
  const proc = new vfs.SyntheticFileSystem('proc', 0x9fa0, new vfs.ManualClock(0));
  let counter = 0;
  let written = '';
  proc.rootDirectory().file('counter', () => 'value ' + (++counter).toString() + '\n');
  const sys = proc.rootDirectory().directory('sys');
  sys.control(
    'name',
    () => written,
    (text) => {
      written = text;
      return text.length > 5 ? -vfs.EINVAL : 0;
    },
  );
  proc.rootDirectory().symlink('link', () => 'sys/name');
  const fs = vfs.PosixFileSystem.inMemory();
  fs.mkdir('/proc');
  fs.mount('/proc', proc);
  assert.is(fs.readText('/proc/counter'), 'value 1\n');
  assert.is(fs.readText('/proc/counter'), 'value 2\n');
  fs.writeFile('/proc/link', 'abc');
  assert.is(fs.readText('/proc/sys/name'), 'abc');
  assert.is(
    attempt(() => fs.writeFile('/proc/sys/name', 'too long')),
    -vfs.EINVAL,
  );
  assert.is(
    attempt(() => fs.writeFile('/proc/counter', 'x')),
    -vfs.EACCES,
  );
  assert.is(
    attempt(() => fs.writeFile('/proc/new', 'x')),
    -vfs.EACCES,
  );
  assert.equal(fs.readdir('/proc'), ['counter', 'sys', 'link']);
});

test('bytes and text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.is(vfs.utf8Encode(text), Buffer.from(text, 'utf8').toString('latin1'));
      const fs = vfs.PosixFileSystem.inMemory();
      fs.writeFile('/f', text);
      assert.is(fs.readText('/f'), text);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.equal(vfs.stringToBytes(vfs.bytesToString(bytes, 0, bytes.length)), bytes);
    }),
  );
});

test('limits agree with each other', () => {
  assert.ok(vfs.PIPE_ATOMIC_BYTES <= vfs.PIPE_BYTES);
  assert.ok(vfs.NAME_BYTES_MAX < vfs.PATH_BYTES_MAX);
  assert.ok(Number.isSafeInteger(vfs.FILE_BYTES_MAX * 2));
  assert.ok(vfs.DESCRIPTORS_SOFT <= vfs.DESCRIPTORS_MAX);
});

test.run();
