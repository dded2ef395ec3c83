import { MachineStopped } from '@tessera/machine/testing';
import { DirectMemory, ORDER_MAX, PageAllocator } from '@tessera/mm';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const PAGE = 4096;
const BASE = 0x2000_0000;

interface Command {
  readonly allocate: boolean;
  readonly order: number;
  readonly pick: number;
}

const commands = fc.array(
  fc.record({ allocate: fc.boolean(), order: fc.nat(6), pick: fc.nat(1000) }),
  { maxLength: 120 },
);

function largestBlocks(allocator: PageAllocator): number[] {
  allocator.drain();
  return Array.from({ length: ORDER_MAX + 1 }, (_, order) => allocator.freeBlocks(order));
}

test('no page is handed out twice, counts add up, and free space coalesces fully', () => {
  fc.assert(
    fc.property(
      commands,
      fc.nat(200),
      fc.integer({ min: 1, max: 600 }),
      (list: Command[], skew, pages) => {
        const start = BASE + skew * PAGE;
        const allocator = new PageAllocator(new DirectMemory(), start + pages * PAGE);
        allocator.addRange(start, start + pages * PAGE);
        const fresh = largestBlocks(allocator);
        const owner = new Map<number, number>();
        const blocks: { physical: number; order: number }[] = [];
        for (const command of list) {
          if (command.allocate) {
            const physical = allocator.allocate(command.order);
            if (physical < 0) continue;
            assert.is(physical % (PAGE << command.order), 0, 'aligned');
            for (let page = 0; page < 1 << command.order; page++) {
              const at = physical + page * PAGE;
              assert.not(owner.has(at), 'handed out twice');
              assert.ok(at >= start && at < start + pages * PAGE, 'inside the range');
              assert.not(allocator.isFree(at));
              owner.set(at, physical);
            }
            blocks.push({ physical, order: command.order });
          } else if (blocks.length > 0) {
            const [block] = blocks.splice(command.pick % blocks.length, 1) as [
              { physical: number; order: number },
            ];
            for (let page = 0; page < 1 << block.order; page++)
              owner.delete(block.physical + page * PAGE);
            // Whole or in pieces: both must join up again.
            if (command.order % 2 === 0) allocator.release(block.physical, block.order);
            else
              for (let page = 0; page < 1 << block.order; page++)
                allocator.release(block.physical + page * PAGE, 0);
          }
          assert.is(allocator.freePages, pages - owner.size);
        }
        for (const block of blocks) allocator.release(block.physical, block.order);
        assert.is(allocator.freePages, pages);
        assert.equal(largestBlocks(allocator), fresh, 'as coalesced as at the start');
      },
    ),
  );
});

test('a request that fits is never refused because of what was freed before', () => {
  const allocator = new PageAllocator(new DirectMemory(), BASE + 1024 * PAGE);
  allocator.addRange(BASE, BASE + 1024 * PAGE);
  const pages: number[] = [];
  for (let physical = allocator.allocate(0); physical >= 0; physical = allocator.allocate(0))
    pages.push(physical);
  assert.is(pages.length, 1024);
  for (const physical of pages) allocator.release(physical, 0);
  assert.is(allocator.allocate(10), BASE);
});

test('freeing twice, unaligned or outside stops the machine', () => {
  const allocator = new PageAllocator(new DirectMemory(), BASE + 64 * PAGE);
  allocator.addRange(BASE, BASE + 64 * PAGE);
  const stopped = (error: unknown): boolean => error instanceof MachineStopped;
  const physical = allocator.allocate(2);
  allocator.release(physical, 2);
  assert.throws(() => allocator.release(physical, 2), stopped);
  assert.throws(() => allocator.release(physical + PAGE, 0), stopped);
  assert.throws(() => allocator.release(physical + 12, 0), stopped);
  assert.throws(() => allocator.release(BASE + 64 * PAGE, 0), stopped);
  assert.is(allocator.allocate(ORDER_MAX + 1), -1);
});

test.run();
