import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as vfs from '../src/index.js';
import { attempt } from './model.js';

function fresh(): vfs.PosixFileSystem {
  return vfs.PosixFileSystem.inMemory(new vfs.ManualClock(1_700_000_000_123_456));
}

test('symbolic links: relative, absolute, loops, trailing slashes', () => {
  const fs = fresh();
  fs.mkdir('/a');
  fs.mkdir('/a/b');
  fs.writeFile('/a/b/file', 'text');
  fs.symlink('b', '/a/relative');
  fs.symlink('/a/b', '/absolute');
  fs.symlink('loop', '/loop');
  fs.symlink('/a/b/file', '/tofile');
  fs.symlink('missing', '/dangling');
  assert.is(fs.readText('/a/relative/file'), 'text');
  assert.is(fs.readText('/absolute/../b/file'), 'text');
  assert.is(
    attempt(() => fs.readFile('/loop')),
    -vfs.ELOOP,
  );
  assert.is(
    attempt(() => fs.readFile('/tofile/')),
    -vfs.ENOTDIR,
  );
  assert.is(
    attempt(() => fs.stat('/dangling')),
    -vfs.ENOENT,
  );
  fs.writeFile('/dangling', 'made');
  assert.is(fs.readText('/missing'), 'made');
  assert.is(
    attempt(() => fs.open('/tofile', vfs.O_RDONLY | vfs.O_NOFOLLOW)),
    -vfs.ELOOP,
  );
  assert.is(
    attempt(() => fs.open('/dangling', vfs.O_CREAT | vfs.O_EXCL | vfs.O_WRONLY)),
    -vfs.EEXIST,
  );
  assert.is(
    attempt(() => fs.open('/tofile', vfs.O_RDONLY | vfs.O_DIRECTORY)),
    -vfs.ENOTDIR,
  );
  assert.is(
    attempt(() => fs.mkdir('/a')),
    -vfs.EEXIST,
  );
  fs.mkdir('/slash/');
  assert.is(
    attempt(() => fs.open('/nofile/', vfs.O_CREAT | vfs.O_WRONLY)),
    -vfs.EISDIR,
  );
});

test('names and paths that are too long', () => {
  const fs = fresh();
  assert.is(
    attempt(() => fs.mkdir('/' + 'n'.repeat(256))),
    -vfs.ENAMETOOLONG,
  );
  fs.mkdir('/' + 'n'.repeat(255));
  assert.is(
    attempt(() => fs.stat('/' + 'x/'.repeat(2048))),
    -vfs.ENAMETOOLONG,
  );
  assert.is(
    attempt(() => fs.stat('')),
    -vfs.ENOENT,
  );
});

test('the working directory survives renames and removal', () => {
  const fs = fresh();
  fs.mkdir('/x');
  fs.mkdir('/x/y');
  fs.chdir('/x/y');
  fs.rename('/x', '/z');
  assert.is(fs.cwd(), '/z/y');
  fs.writeFile('here', '1');
  assert.is(fs.readText('/z/y/here'), '1');
  fs.unlink('here');
  fs.rmdir('/z/y');
  assert.is(fs.cwd(), '(unreachable)');
  assert.is(
    attempt(() => fs.writeFile('there', '1')),
    -vfs.ENOENT,
  );
  fs.chdir('..');
  assert.is(fs.cwd(), '/z');
  assert.is(
    attempt(() => fs.rmdir('/z/.')),
    -vfs.EINVAL,
  );
  assert.is(
    attempt(() => fs.rmdir('/')),
    -vfs.EBUSY,
  );
});

test('an unlinked file lives until its last close', () => {
  const fs = fresh();
  fs.writeFile('/f', 'abc');
  const fd = fs.open('/f', vfs.O_RDWR);
  fs.unlink('/f');
  const buffer = new Uint8Array(8);
  assert.is(fs.read(fd, buffer), 3);
  assert.is(fs.write(fd, new Uint8Array([1])), 1);
  fs.close(fd);
  assert.is(
    attempt(() => fs.stat('/f')),
    -vfs.ENOENT,
  );
});

test('pages go back when the last name and the last descriptor are gone', () => {
  const ram = new vfs.RamFileSystem(
    new vfs.ManualClock(0),
    new vfs.HeapBufferPool(vfs.PAGE_BYTES),
    undefined,
    4,
  );
  const fs = new vfs.PosixFileSystem(ram);
  fs.writeFile('/a', new Uint8Array(3 * 4096));
  assert.is(ram.pagesUsed, 3);
  fs.link('/a', '/b');
  fs.unlink('/a');
  assert.is(ram.pagesUsed, 3);
  assert.is(
    attempt(() => fs.writeFile('/c', new Uint8Array(2 * 4096))),
    -vfs.ENOSPC,
  );
  fs.unlink('/c');
  fs.truncate('/b', 5000);
  assert.is(ram.pagesUsed, 2);
  fs.unlink('/b');
  assert.is(ram.pagesUsed, 0);
});

test('mounts cover, show their own root, and report busy', () => {
  const fs = fresh();
  fs.mkdir('/mnt');
  fs.writeFile('/mnt/covered', '1');
  fs.mount(
    '/mnt',
    new vfs.RamFileSystem(new vfs.ManualClock(0), new vfs.HeapBufferPool(4096), undefined, 0),
  );
  assert.equal(fs.readdir('/mnt'), []);
  fs.writeFile('/mnt/inside', '2');
  assert.is(fs.readText('/mnt/../mnt/inside'), '2');
  assert.is.not(fs.stat('/mnt').deviceId, fs.stat('/').deviceId);
  assert.is(
    attempt(() => fs.rename('/mnt/inside', '/outside')),
    -vfs.EXDEV,
  );
  assert.is(
    attempt(() => fs.link('/mnt/inside', '/outside')),
    -vfs.EXDEV,
  );
  assert.is(
    attempt(() => fs.rmdir('/mnt')),
    -vfs.EBUSY,
  );
  fs.chdir('/mnt');
  assert.is(fs.cwd(), '/mnt');
  fs.chdir('..');
  assert.is(fs.cwd(), '/');
  assert.is(fs.namespace.unmount(fs.place, '/mnt'), 0);
  assert.equal(fs.readdir('/mnt'), ['covered']);
});

test('permission bits count for users other than 0', () => {
  const fs = fresh();
  fs.mkdir('/secret', 0o700);
  fs.writeFile('/secret/f', 'x');
  fs.writeFile('/readable', 'x', 0o644);
  fs.place.credentials = new vfs.Credentials(1000, 1000);
  assert.is(
    attempt(() => fs.readFile('/secret/f')),
    -vfs.EACCES,
  );
  assert.is(fs.readText('/readable'), 'x');
  assert.is(
    attempt(() => fs.writeFile('/readable', 'y')),
    -vfs.EACCES,
  );
  assert.is(
    attempt(() => fs.writeFile('/new', 'y')),
    -vfs.EACCES,
  );
  assert.is(
    attempt(() => fs.chmod('/readable', 0o777)),
    -vfs.EPERM,
  );
});

test('time stamps come from the clock', () => {
  const fs = fresh();
  fs.writeFile('/f', 'x');
  const st = fs.stat('/f');
  assert.is(st.mtimeSeconds, 1_700_000_000);
  assert.is(st.mtimeNanoseconds, 123_456_000);
});

test('the dentry cache stays bounded and keeps what is in use', () => {
  const cache = new vfs.DentryCache(16);
  const fs = fresh();
  const root = new vfs.Dentry(undefined, '', fs.namespace.root.node);
  const pinned = new vfs.Dentry(root, 'pinned', undefined);
  pinned.pin();
  root.attach(pinned);
  cache.add(pinned);
  for (let index = 0; index < 1000; index++) {
    const dentry = new vfs.Dentry(root, 'd' + index, undefined);
    root.attach(dentry);
    cache.add(dentry);
  }
  assert.ok(cache.count() <= 40, String(cache.count()));
  assert.is(root.childCount(), cache.count());
  assert.is(root.child('pinned'), pinned);
});

test.run();
