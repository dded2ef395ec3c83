import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BlockBack, BlockFront, NetBack, NetFront } from '../src/index.js';
import { ModelXen, SeededRandom } from '../src/testing/index.js';
import { MemoryStorage } from './storage.js';

const test = suite('xen devices');

function makeBlock(options: {
  version: number;
  order: number;
  indirect: number;
  persistent: boolean;
  pagesPerSlot: number;
}) {
  const xen = new ModelXen({
    memoryPages: 1024,
    grantVersion: options.version,
    grantEntries: 1024,
  });
  const { front, back } = xen.addDevice('vbd', 51712);
  const storage = new MemoryStorage(0x100000);
  const backend = new BlockBack(xen.backend(xen.memory), {
    path: back,
    storage,
    ringOrderMax: options.order,
    indirectSegmentsMax: options.indirect,
    offerPersistentGrants: options.persistent,
  });
  assert.ok(backend.start());
  let waits = 0;
  xen.onWait = (): boolean => {
    backend.poll();
    waits += 1;
    return waits < 10000;
  };
  const open = () =>
    BlockFront.open(xen.frontend(xen.memory), {
      path: front.slice('/local/domain/1/'.length),
      ringOrderMax: 2,
      slotCount: 6,
      pagesPerSlot: options.pagesPerSlot,
      usePersistentGrants: options.persistent,
    });
  return { xen, storage, backend, open };
}

test('block: every combination writes, flushes, discards and reads back; close leaks nothing', () => {
  for (const version of [1, 2]) {
    for (const order of [0, 2]) {
      for (const indirect of [0, 32]) {
        for (const persistent of [false, true]) {
          const { xen, storage, open } = makeBlock({
            version,
            order,
            indirect,
            persistent,
            pagesPerSlot: 20,
          });
          const disk = open()!;
          assert.ok(disk, JSON.stringify(xen.sink.faults));
          assert.equal(
            [disk.ringPages, disk.segmentsMax, disk.isPersistent, disk.sizeBytes],
            [1 << order, indirect === 0 ? 11 : 20, persistent, 0x100000],
          );
          const random = new SeededRandom(3);
          const model = new Uint8Array(0x100000);
          for (let round = 0; round < 30; round += 1) {
            const sectors = 1 + random.below(400);
            const offsetBytes = random.below(2048 - sectors) * 512;
            const bytes = new Uint8Array(sectors * 512).map(() => random.below(256));
            model.set(bytes, offsetBytes);
            assert.is(
              disk.wait(disk.submit([{ kind: 'write', offsetBytes, bytes }, { kind: 'flush' }])),
              'ok',
            );
          }
          assert.is(storage.flushes, 30);
          assert.is(
            disk.wait(disk.submit([{ kind: 'discard', offsetBytes: 4096, lengthBytes: 8192 }])),
            'ok',
          );
          model.fill(0, 4096, 12288);
          const back = new Uint8Array(0x100000);
          assert.is(disk.wait(disk.submit([{ kind: 'read', offsetBytes: 0, bytes: back }])), 'ok');
          assert.equal(back, model);
          assert.is(
            disk.wait(
              disk.submit([{ kind: 'read', offsetBytes: 0x100000, bytes: new Uint8Array(512) }]),
            ),
            'error',
          );
          disk.close();
          assert.equal(
            [
              xen.grants.usedCount(),
              xen.pages.usedCount,
              xen.mapper.mappedCount(),
              xen.openPorts,
              disk.stuckGrants(),
            ],
            [0, 0, 0, 0, 0],
          );
          assert.is(disk.wait(disk.submit([{ kind: 'flush' }])), 'gone');
          assert.ok(disk.reconnect(), JSON.stringify(xen.sink.faults));
          assert.is(disk.wait(disk.submit([{ kind: 'read', offsetBytes: 0, bytes: back }])), 'ok');
          assert.equal(back, model);
          assert.equal(xen.sink.faults, []);
        }
      }
    }
  }
});

test('block: a backend that restarts in the middle; the frontend reconnects and nothing leaks', () => {
  const { xen, backend, open } = makeBlock({
    version: 1,
    order: 0,
    indirect: 32,
    persistent: true,
    pagesPerSlot: 16,
  });
  const disk = open()!;
  const bytes = new Uint8Array(8192).fill(5);
  assert.is(disk.wait(disk.submit([{ kind: 'write', offsetBytes: 0, bytes }])), 'ok');
  const ticket = disk.submit([{ kind: 'write', offsetBytes: 8192, bytes }]);
  backend.stop();
  assert.is(disk.wait(ticket), 'gone');
  assert.ok(backend.start());
  assert.ok(disk.reconnect());
  const back = new Uint8Array(8192);
  assert.is(disk.wait(disk.submit([{ kind: 'read', offsetBytes: 0, bytes: back }])), 'ok');
  assert.equal(back, bytes);
  disk.close();
  assert.equal([xen.grants.usedCount(), xen.pages.usedCount, xen.openPorts], [0, 0, 0]);
});

test('block: a backend that keeps our page mapped gets no second chance, and the page is not reused', () => {
  const { xen, open } = makeBlock({
    version: 2,
    order: 0,
    indirect: 0,
    persistent: false,
    pagesPerSlot: 4,
  });
  const disk = open()!;
  // Ring is reference 8 (the first free one); the next grant will be the data page.
  const map = xen.mapper.map.bind(xen.mapper);
  const unmap = xen.mapper.unmap.bind(xen.mapper);
  let held = -1;
  xen.mapper.map = (ref, readOnly) => map(ref, readOnly);
  xen.mapper.unmap = (ref): void => {
    if (held < 0) held = ref;
    else if (ref !== held) unmap(ref);
  };
  const ticket = disk.submit([{ kind: 'read', offsetBytes: 0, bytes: new Uint8Array(512) }]);
  assert.is(disk.wait(ticket), 'gone');
  assert.is(xen.sink.faults[0].kind, 'bad-grant');
  disk.close();
  assert.is(disk.stuckGrants(), 1);
  assert.ok(xen.pages.usedCount > 0);
  xen.mapper.unmap = unmap;
  unmap(held);
  disk.reconnect();
  disk.close();
  assert.equal([disk.stuckGrants(), xen.grants.usedCount(), xen.pages.usedCount], [0, 0, 0]);
});

test('net: queues, frames of every size, segments with extra info, close leaks nothing', () => {
  for (const version of [1, 2]) {
    for (const queues of [1, 3]) {
      const xen = new ModelXen({ memoryPages: 2048, grantVersion: version, grantEntries: 2048 });
      const { front, back } = xen.addDevice('vif', 0);
      let last: [number, number, boolean, number] = [0, 0, false, 0];
      const backend: NetBack = new NetBack(xen.backend(xen.memory), {
        path: back,
        queueCountMax: queues,
        peer: {
          frame: (queue, frame, blank, segmentBytes): void => {
            last = [queue, frame.length, blank, segmentBytes];
            assert.ok(backend.deliver(queue, frame, blank, segmentBytes));
          },
        },
      });
      assert.ok(backend.start());
      let waits = 0;
      xen.onWait = (): boolean => {
        backend.poll();
        waits += 1;
        return waits < 10000;
      };
      const net = NetFront.open(xen.frontend(xen.memory), {
        path: front.slice('/local/domain/1/'.length),
        queueCountMax: 4,
        receiveBuffers: 64,
        transmitBuffers: 32,
        mtu: 1500,
      })!;
      assert.ok(net, JSON.stringify(xen.sink.faults));
      assert.is(net.queueCount(), queues);
      assert.equal([...net.capabilities.mac], [0, 0x16, 0x3e, 0, 0, 1]);
      for (let round = 0; round < 700; round += 1) {
        const bytes =
          round % 10 === 9 ? 4000 + ((round * 977) % 50000) : 14 + ((round * 37) % 1500);
        const segmentBytes = bytes > 1514 ? 1448 : 0;
        const queue = round % queues;
        net.selectQueue(queue);
        const frame = net.reserve(bytes)!;
        assert.ok(frame, `round ${round}`);
        frame.fill(round & 0xff);
        net.commit(bytes, { needsChecksum: bytes > 1514, segmentBytes });
        net.flush();
        backend.poll();
        assert.equal(last, [queue, bytes, bytes > 1514, segmentBytes]);
        const got = net.receive()!;
        assert.is(got.length, bytes);
        assert.ok(got.every((b) => b === (round & 0xff)));
        net.refill();
        assert.is(net.receive(), undefined);
      }
      assert.equal(xen.sink.faults, []);
      net.close();
      assert.equal(
        [xen.grants.usedCount(), xen.pages.usedCount, xen.mapper.mappedCount(), xen.openPorts],
        [0, 0, 0, 0],
      );
      assert.ok(net.reconnect());
      net.close();
      assert.is(xen.grants.usedCount(), 0);
    }
  }
});

test.run();
