import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ArrayMemory,
  BlockBack,
  BlockFront,
  NetBack,
  NetFront,
  parsePvhStartInfo,
  StoreClient,
  storeLink,
  TimeRecord,
} from '../src/index.js';
import { CollectingSink, HookMemory, ModelXen, SeededRandom } from '../src/testing/index.js';
import { MemoryStorage } from './storage.js';

/**
 * The other end writes anything into the rings and the store at any moment, also between a check and a use. Calls
 * return, accesses stay inside memory, and when all is over every grant and page is back.
 */
const test = suite('xen hostile');
const runs = Number(process.env['HOSTILE_RUNS'] ?? 400);

function scribbler(xen: ModelXen, random: SeededRandom, oneIn: number, armed: () => boolean) {
  // Rings are the first pages a frontend takes; the store pages are 0 and 1.
  const first = xen.grantStatus + 4096;
  return (address: number, bytes: number): void => {
    assert.ok(xen.memory.contains(address, bytes));
    if (!armed() || !random.chance(oneIn)) return;
    const at = first + random.below(2) * 4096 + random.below(random.chance(2) ? 160 : 4080);
    const kind = random.below(4);
    if (kind === 0) xen.memory.store32(at & ~3, random.next());
    else if (kind === 1) xen.memory.store32(at & ~3, random.below(64));
    else if (kind === 2) xen.memory.store16(at & ~1, random.next() & 0xffff);
    else xen.memory.store32(at & ~3, (xen.memory.load32(at & ~3) + 1) >>> 0);
  };
}

const KEYS = [
  'sectors',
  'sector-size',
  'info',
  'feature-persistent',
  'feature-max-indirect-segments',
  'max-ring-page-order',
  'state',
  'multi-queue-max-queues',
  'feature-sg',
  'feature-rx-copy',
  'ring-ref',
  'event-channel',
  'tx-ring-ref',
  'mac',
  'multi-queue-num-queues',
];
const VALUES = [
  '',
  '0',
  '1',
  '4',
  '6',
  '-1',
  'x',
  '99999999999999999999',
  '4294967296',
  '513',
  '00:00:00:00:00:00',
];

function cleanUp(
  xen: ModelXen,
  front: { close(): void } | undefined,
  back: { stop(): void },
): void {
  back.stop();
  let waits = 0;
  xen.onWait = (): boolean => {
    waits += 1;
    return waits < 20;
  };
  front?.close();
  xen.grants.retryStuck(xen.pages);
  assert.is(xen.grants.stuckCount(), 0);
  assert.is(xen.mapper.mappedCount(), 0, 'the backend kept a mapping');
  assert.is(xen.grants.usedCount(), 0, 'a grant leaked');
  assert.is(xen.pages.usedCount, 0, 'a page leaked');
}

test('block and net, frontend or backend under attack', () => {
  let faulted = 0;
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.boolean(),
      fc.constantFrom(1, 2),
      fc.nat(),
      fc.constantFrom(4, 40, 400),
      (isBlock, isFront, version, seed, oneIn) => {
        const random = new SeededRandom(seed);
        const xen = new ModelXen({ memoryPages: 512, grantVersion: version, grantEntries: 256 });
        let armed = false;
        const hooked = new HookMemory(xen.memory);
        const scribble = scribbler(xen, random, oneIn, () => armed);
        hooked.hook = (address, bytes): void => {
          // A network backend never reaches across the end of a page it mapped.
          const isInPage = address % 4096 <= 4096 - bytes;
          if (!isBlock && !isFront) assert.ok(isInPage, `${bytes} bytes at ${address}`);
          scribble(address, bytes);
        };
        const frontMemory = isFront ? hooked : xen.memory;
        const backMemory = isFront ? xen.memory : hooked;
        const { front: frontPath, back: backPath } = xen.addDevice(isBlock ? 'vbd' : 'vif', 0);
        const path = frontPath.slice('/local/domain/1/'.length);
        let waits = 0;
        let poll = (): void => {};
        const tamper = (): void => {
          if (!armed || !random.chance(oneIn)) return;
          const folder = isFront ? backPath : frontPath;
          xen.store.set(
            `${folder}/${KEYS[random.below(KEYS.length)]}`,
            VALUES[random.below(VALUES.length)],
          );
        };
        xen.onWait = (): boolean => {
          tamper();
          poll();
          waits += 1;
          return waits < 300;
        };
        if (isBlock) {
          const back = new BlockBack(xen.backend(backMemory), {
            path: backPath,
            storage: new MemoryStorage(0x10000),
            ringOrderMax: 1,
            indirectSegmentsMax: random.chance(2) ? 32 : 0,
            offerPersistentGrants: random.chance(2),
          });
          back.start();
          poll = (): void => back.poll();
          armed = random.chance(2);
          const front = BlockFront.open(xen.frontend(frontMemory), {
            path,
            ringOrderMax: 1,
            slotCount: 3,
            pagesPerSlot: 12,
            usePersistentGrants: random.chance(2),
          });
          armed = true;
          for (let i = 0; i < 8 && front !== undefined; i += 1) {
            const bytes = new Uint8Array(512 << random.below(8));
            const kind = random.chance(2) ? 'read' : 'write';
            const ticket = front.submit([{ kind, offsetBytes: 0, bytes }, { kind: 'flush' }]);
            assert.ok(['ok', 'error', 'gone', 'read-only'].includes(front.wait(ticket)));
            if (!front.isConnected() && random.chance(2)) front.reconnect();
          }
          armed = false;
          cleanUp(xen, front, back);
        } else {
          const back: NetBack = new NetBack(xen.backend(backMemory), {
            path: backPath,
            queueCountMax: 2,
            peer: {
              frame: (queue, frame, blank, segment): void =>
                void back.deliver(queue, frame, blank, segment),
            },
          });
          back.start();
          poll = (): void => back.poll();
          armed = random.chance(2);
          const front = NetFront.open(xen.frontend(frontMemory), {
            path,
            queueCountMax: 2,
            receiveBuffers: 24,
            transmitBuffers: 24,
            mtu: 1500,
          });
          armed = true;
          for (let i = 0; i < 20 && front !== undefined; i += 1) {
            const bytes = random.chance(3) ? 1 + random.below(60000) : 60 + random.below(1400);
            front.selectQueue(random.below(2));
            if (front.reserve(bytes) !== undefined)
              front.commit(bytes, { needsChecksum: false, segmentBytes: bytes > 1514 ? 1448 : 0 });
            front.flush();
            back.poll();
            for (let frames = 0; front.receive() !== undefined; frames += 1)
              assert.ok(frames < 512);
            front.refill();
            if (!front.isConnected() && random.chance(2)) front.reconnect();
          }
          armed = false;
          cleanUp(xen, front, back);
        }
        if (xen.sink.faults.length > 0) faulted += 1;
      },
    ),
    { numRuns: runs },
  );
  assert.ok(faulted > runs / 10, `only ${faulted} attacks were noticed`);
});

test('store client against random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(3), fc.nat(), (bytes, mode, seed) => {
      const memory = new ArrayMemory(0x1000, new Uint8Array(4096));
      const server = storeLink(memory, 0x1000, true);
      const random = new SeededRandom(seed);
      let left = 40;
      const feed = (): void => {
        left -= 1;
        if (mode === 3 && random.chance(4))
          memory.store32(0x1000 + 2048 + random.below(4) * 4, random.next());
        else {
          const copy = bytes.slice();
          // Often a plausible header: an answer to request 1, with a small length.
          if (copy.length >= 16 && mode > 0)
            copy.set([
              copy[0] % 18,
              0,
              0,
              0,
              1,
              0,
              0,
              0,
              0,
              0,
              0,
              0,
              copy[12] % 32,
              mode === 2 ? copy[13] : 0,
              0,
              0,
            ]);
          server.outgoing.write(copy, 0, copy.length);
        }
        server.incoming.read(new Uint8Array(1024), 0, 1024);
      };
      const waiter = {
        waitForEvent: (): boolean => {
          feed();
          return left > 0;
        },
      };
      const client = new StoreClient(
        storeLink(memory, 0x1000, false),
        { notify: feed },
        waiter,
        new CollectingSink(),
      );
      client.read('/a', 0);
      client.directory('/b', 0);
      client.beginTransaction();
      client.write('/c', 'd', 0);
      for (let i = 0; i < 2000 && client.nextEvent() !== undefined; i += 1) {}
    }),
    { numRuns: runs * 3 },
  );
});

test('start info and time records of random bytes', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 64, maxLength: 300 }),
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      (bytes, tsc) => {
        const memory = new ArrayMemory(0x1000, bytes);
        memory.store32(0x1000, 0x336ec578);
        parsePvhStartInfo(memory, 0x1000);
        const record = new TimeRecord();
        record.read(memory, 0x1010);
        const now = record.nowNs(tsc);
        assert.ok(now >= 0n && now < 1n << 64n);
      },
    ),
    { numRuns: runs },
  );
});

test.run();
