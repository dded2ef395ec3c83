import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  NINEP_SET_SIZE,
  NinePAttributes,
  NinePClient,
  NinePDriver,
  type NinePEntry,
  NinePModel,
  NoWaiter,
} from '../src/index.js';
import { Machine } from './machine.js';
import { FolderServer } from './ninep-server.js';

const test = suite('9p');
const rings = { packed: true, indirect: true, eventIndex: true, inOrder: false };

function mount(root: string) {
  const machine = new Machine();
  const transport = machine.plug(
    new NinePModel(machine.memory, 'share', new FolderServer(root)),
    'pci-modern',
    rings,
  );
  const driver = NinePDriver.open(transport, {
    name: '9p0',
    memory: machine.memory,
    allocator: machine.allocator,
    sink: machine.sink,
    waiter: new NoWaiter(),
    rings: { ...rings, indirectMax: 4 },
    messageBytes: 8192,
  })!;
  assert.is(driver.mountTag, 'share');
  return { client: new NinePClient(driver, 8192), machine };
}

test('a folder of the host: create, write, read, list, rename, link, remove', () => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'ninep-'));
  try {
    const { client, machine } = mount(root);
    const fid = client.attach('', 0);
    assert.ok(fid > 0);
    const file = client.walk(fid, []);
    assert.is(client.create(file, 'a.bin', 2, 0o644, 0), 0);
    const bytes = new Uint8Array(30000).map((_, i) => i * 7);
    for (let at = 0; at < bytes.length; )
      at += client.write(file, at, bytes, at, bytes.length - at);
    assert.is(client.sync(file), 0);
    assert.equal(new Uint8Array(fs.readFileSync(path.join(root, 'a.bin'))), bytes);
    fs.writeFileSync(path.join(root, 'from-host'), 'hello');
    const other = client.walk(fid, ['from-host']);
    assert.is(client.open(other, 0), 0);
    const into = new Uint8Array(100);
    assert.is(client.read(other, 0, into, 0, 100), 5);
    assert.is(client.read(other, 5, into, 0, 100), 0);
    const attributes = new NinePAttributes();
    assert.is(client.attributes(file, attributes), 0);
    assert.equal([attributes.sizeBytes, attributes.mode & 0o170000], [30000, 0o100000]);
    attributes.sizeBytes = 10;
    assert.is(client.setAttributes(file, NINEP_SET_SIZE, attributes), 0);
    assert.is(fs.statSync(path.join(root, 'a.bin')).size, 10);
    assert.is(client.makeDirectory(fid, 'dir', 0o755, 0), 0);
    assert.is(client.makeDirectory(fid, 'dir', 0o755, 0), -17);
    const dir = client.walk(fid, ['dir']);
    assert.is(client.rename(fid, 'a.bin', dir, 'b.bin'), 0);
    assert.is(client.symlink(dir, 'link', 'b.bin', 0), 0);
    const link = client.walk(dir, ['link']);
    assert.is(client.readLink(link), 'b.bin');
    assert.is(client.link(fid, other, 'hard'), 0);
    assert.is(client.walk(fid, ['dir', 'nothing']), -2);
    assert.is(client.walk(fid, ['nothing']), -2);
    for (let i = 0; i < 400; i += 1)
      fs.writeFileSync(path.join(root, 'dir', `name-${i}-${'x'.repeat(40)}`), '');
    const list = client.walk(dir, []);
    client.open(list, 0o200000);
    const entries: NinePEntry[] = [];
    while (client.readDirectory(list, entries.at(-1)?.nextOffset ?? 0, entries) > 0) {}
    assert.equal(entries.map((e) => e.name).sort(), fs.readdirSync(path.join(root, 'dir')).sort());
    assert.is(client.unlink(fid, 'hard', 0), 0);
    assert.is(client.unlink(fid, 'dir', 0x200), -39);
    for (const open of [file, other, dir, link, list]) assert.is(client.clunk(open), 0);
    assert.is(client.clunk(file), -9);
    assert.equal(machine.sink.faults, []);
  } finally {
    fs.rmSync(root, { recursive: true });
  }
});

test('hostile replies are EIO and the end of the channel', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 1, maxLength: 6 }),
      fc.nat(3),
      (replies, fix) => {
        let next = 0;
        const client = new NinePClient(
          {
            exchange: (request, _bytes, reply): number => {
              const bytes = replies[next % replies.length];
              next += 1;
              reply.set(bytes);
              // Often right enough to get past the header.
              if (fix > 0 && bytes.length >= 7) {
                reply.set([bytes.length, 0, 0, 0, request[4] + 1, request[5], request[6]]);
              }
              return fix === 3 ? bytes.length : bytes.length + (fix === 2 ? 1 : 0);
            },
          },
          1024,
        );
        client.attach('', 0);
        const into = new Uint8Array(100);
        for (const result of [
          client.walk(1, ['a']),
          client.read(1, 0, into, 0, 100),
          client.write(1, 0, into, 0, 100),
          client.readDirectory(1, 0, []),
          client.attributes(1, new NinePAttributes()),
        ]) {
          assert.ok(Number.isSafeInteger(result));
        }
        client.readLink(1);
      },
    ),
    { numRuns: Number(process.env['HOSTILE_RUNS'] ?? 2000) },
  );
});

test.run();
