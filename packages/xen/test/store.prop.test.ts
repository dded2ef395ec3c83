import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ModelXen } from '../src/testing/index.js';

/** Two clients with interleaved transactions against a flat map with optimistic conflict detection. */
const test = suite('xenstore');

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
const command = fc.record({
  client: fc.nat(1),
  what: fc.constantFrom('read', 'write', 'remove', 'list', 'mkdir', 'begin', 'commit', 'abort'),
  path,
  value: fc.string({ maxLength: 5, unit: 'binary-ascii' }).map((s) => s.replaceAll('\0', '.')),
  inside: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
});

class Tree {
  nodes = new Map<string, { value: string; generation: number }>([
    ['/', { value: '', generation: 0 }],
  ]);
  static clock = 0;
  copy(): Tree {
    const tree = new Tree();
    tree.nodes = new Map([...this.nodes].map(([key, node]) => [key, { ...node }]));
    return tree;
  }
  static parent(at: string): string {
    return at.slice(0, at.lastIndexOf('/')) || '/';
  }
  children(at: string): string[] {
    const prefix = at === '/' ? '/' : `${at}/`;
    return [...this.nodes.keys()]
      .filter(
        (key) => key !== '/' && key.startsWith(prefix) && !key.slice(prefix.length).includes('/'),
      )
      .map((key) => key.slice(prefix.length))
      .sort();
  }
  create(at: string, touch: (p: string) => void): void {
    if (this.nodes.has(at)) return;
    const parent = Tree.parent(at);
    this.create(parent, touch);
    touch(parent);
    touch(at);
    Tree.clock += 1;
    this.nodes.set(at, { value: '', generation: Tree.clock });
    this.nodes.get(parent)!.generation = Tree.clock;
  }
  write(at: string, value: string, touch: (p: string) => void): void {
    this.create(at, touch);
    touch(at);
    Tree.clock += 1;
    this.nodes.set(at, { value, generation: Tree.clock });
  }
  remove(at: string): boolean {
    if (!this.nodes.has(Tree.parent(at))) return false;
    if (!this.nodes.has(at)) return true;
    for (const key of [...this.nodes.keys()]) {
      if (key === at || key.startsWith(`${at}/`)) this.nodes.delete(key);
    }
    Tree.clock += 1;
    this.nodes.get(Tree.parent(at))!.generation = Tree.clock;
    return true;
  }
}

test('random transactions equal the model', () => {
  let conflicts = 0;
  let commits = 0;
  fc.assert(
    fc.property(fc.array(command, { minLength: 60, maxLength: 150, size: 'max' }), (script) => {
      const xen = new ModelXen({ memoryPages: 64, grantVersion: 1, grantEntries: 64 });
      const clients = [xen.client(0), xen.client(1)];
      const model = new Tree();
      const open: (
        | { id: number; tree: Tree; touched: Map<string, number>; changed: string[] }
        | undefined
      )[] = [undefined, undefined];
      const generationOf = (at: string): number => model.nodes.get(at)?.generation ?? -1;
      for (const step of script) {
        const client = clients[step.client];
        const transaction = open[step.client];
        const used = step.inside ? transaction : undefined;
        const tree = used?.tree ?? model;
        const touch = (at: string): void => {
          if (used !== undefined && !used.touched.has(at)) used.touched.set(at, generationOf(at));
        };
        const id = used?.id ?? 0;
        if (step.what === 'begin') {
          if (transaction !== undefined) continue;
          const begun = client.beginTransaction();
          assert.ok(begun > 0);
          open[step.client] = { id: begun, tree: model.copy(), touched: new Map(), changed: [] };
        } else if (step.what === 'commit' || step.what === 'abort') {
          if (transaction === undefined) continue;
          open[step.client] = undefined;
          const isClean = [...transaction.touched].every(
            ([at, generation]) => generationOf(at) === generation,
          );
          const done = client.endTransaction(transaction.id, step.what === 'commit');
          if (step.what === 'abort') {
            assert.ok(done);
            continue;
          }
          assert.is(done, isClean, client.error);
          if (!isClean) {
            conflicts += 1;
            assert.is(client.error, 'EAGAIN');
            continue;
          }
          commits += 1;
          for (const at of transaction.changed) {
            const node = transaction.tree.nodes.get(at);
            if (node === undefined) model.remove(at);
            else model.write(at, node.value, () => {});
          }
        } else if (step.what === 'read') {
          touch(step.path);
          assert.is(client.read(step.path, id), tree.nodes.get(step.path)?.value);
        } else if (step.what === 'list') {
          touch(step.path);
          const list = client.directory(step.path, id);
          assert.equal(
            list?.sort(),
            tree.nodes.has(step.path) ? tree.children(step.path) : undefined,
          );
        } else if (step.what === 'write') {
          assert.ok(client.write(step.path, step.value, id));
          tree.write(step.path, step.value, touch);
          used?.changed.push(step.path);
        } else if (step.what === 'mkdir') {
          assert.ok(client.makeDirectory(step.path, id));
          touch(step.path);
          if (!tree.nodes.has(step.path)) {
            tree.create(step.path, touch);
            used?.changed.push(step.path);
          }
        } else {
          touch(step.path);
          touch(Tree.parent(step.path));
          const had = tree.nodes.has(step.path);
          assert.is(client.remove(step.path, id), tree.remove(step.path));
          if (had) used?.changed.push(step.path);
        }
      }
      assert.equal(xen.sink.faults, []);
    }),
    { numRuns: 150 },
  );
  assert.ok(conflicts > 20 && commits > 100, `${conflicts} conflicts, ${commits} commits`);
});

test('watches fire once when set and for every change at or below', () => {
  const xen = new ModelXen({ memoryPages: 64, grantVersion: 1, grantEntries: 64 });
  const client = xen.client(1);
  assert.ok(client.watch('/a', 'one'));
  assert.ok(client.watch('data', 'two'));
  assert.not.ok(client.watch('/a', 'one'));
  assert.is(client.error, 'EEXIST');
  assert.equal(
    [client.nextEvent(), client.nextEvent(), client.nextEvent()],
    [{ path: '/a', token: 'one' }, { path: 'data', token: 'two' }, undefined],
  );
  xen.store.set('/a/b/c', 'x');
  xen.store.set('/ab', 'x');
  xen.store.set('/local/domain/1/data/k', 'x');
  xen.store.erase('/a');
  assert.equal(
    [client.nextEvent(), client.nextEvent(), client.nextEvent(), client.nextEvent()],
    [
      { path: '/a/b/c', token: 'one' },
      { path: 'data/k', token: 'two' },
      { path: '/a', token: 'one' },
      undefined,
    ],
  );
  const transaction = client.beginTransaction();
  client.write('/a/z', '1', transaction);
  assert.is(client.nextEvent(), undefined);
  assert.ok(client.endTransaction(transaction, true));
  assert.equal(client.nextEvent(), { path: '/a/z', token: 'one' });
  assert.ok(client.unwatch('/a', 'one'));
  xen.store.set('/a/z', '2');
  assert.is(client.nextEvent(), undefined);
  const long = 'v'.repeat(4000);
  assert.ok(client.write('/long', long, 0));
  assert.is(client.read('/long', 0), long);
  assert.not.ok(client.write('/long', 'v'.repeat(4095), 0));
  assert.is(client.error, 'E2BIG');
});

test.run();
