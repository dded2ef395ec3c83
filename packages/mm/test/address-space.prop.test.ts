import { resetSimulatedCpu } from '@tessera/machine/testing';
import {
  AddressSpace,
  DirectMemory,
  EEXIST,
  EFAULT,
  EINVAL,
  ENOMEM,
  EPERM,
  FAULT_BUS,
  FAULT_NO_MAPPING,
  FAULT_PROTECTION,
  LocalCaches,
  MADV_DONTNEED,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  MAP_SHARED,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
  type PageTable,
} from '@tessera/mm';
import { BytesPager, SimulatedProgram } from '@tessera/mm/testing';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const PAGE = 4096;
const WINDOW = 0x10_0000_0000;
const PAGES = 32;
const FILE_PAGES = 8;
const ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS;

type Step =
  | {
      readonly kind: 'map';
      readonly at: number;
      readonly pages: number;
      readonly protection: number;
      readonly source: 'zero' | 'private' | 'shared';
      readonly offset: number;
    }
  | { readonly kind: 'unmap'; readonly at: number; readonly pages: number }
  | {
      readonly kind: 'protect';
      readonly at: number;
      readonly pages: number;
      readonly protection: number;
    }
  | {
      readonly kind: 'move';
      readonly at: number;
      readonly pages: number;
      readonly to: number;
      readonly grow: number;
    }
  | { readonly kind: 'drop'; readonly at: number; readonly pages: number }
  | {
      readonly kind: 'touch';
      readonly at: number;
      readonly value: number;
      readonly write: boolean;
    };

const at = fc.nat(PAGES - 1);
const pages = fc.integer({ min: 1, max: 8 });
const protection = fc.constantFrom(0, 1, 3, 7);
const touch: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('touch' as const),
  at,
  value: fc.integer({ min: 1, max: 255 }),
  write: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('map' as const),
      at,
      pages,
      protection,
      source: fc.constantFrom('zero' as const, 'private' as const, 'shared' as const),
      offset: fc.nat(4),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unmap' as const), at, pages }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('protect' as const), at, pages, protection }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('move' as const),
      at,
      pages,
      to: at,
      grow: fc.integer({ min: -2, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), at, pages }) },
  { weight: 8, arbitrary: touch },
);

/** A page of the naive model: a byte store of its own, or a view of the file. */
interface ModelPage {
  protection: number;
  shared: boolean;
  file: number;
  own: number | undefined;
}

test('reads, writes and faults equal a naive model after any sequence; every frame comes back', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const program = new SimulatedProgram(0x80_0000);
      const content = new Uint8Array(FILE_PAGES * PAGE);
      for (let page = 0; page < FILE_PAGES; page++) content[page * PAGE] = 100 + page;
      const pager = new BytesPager(content, program.allocator);
      const freeAtStart = program.allocator.freePages;
      const file = Array.from({ length: FILE_PAGES }, (_, page) => 100 + page);
      const model = new Map<number, ModelPage>();
      const { space } = program;
      const address = (page: number): number => WINDOW + page * PAGE;
      for (const one of steps) {
        const end = Math.min(one.at + ('pages' in one ? one.pages : 1), PAGES);
        const bytes = (end - one.at) * PAGE;
        if (one.kind === 'map') {
          const anonymous = one.source === 'zero';
          const flags =
            MAP_FIXED |
            (one.source === 'shared' ? MAP_SHARED : MAP_PRIVATE) |
            (anonymous ? MAP_ANONYMOUS : 0);
          const result = space.map({
            address: address(one.at),
            bytes,
            protection: one.protection,
            flags,
            pager: anonymous ? undefined : pager,
            offset: one.offset * PAGE,
            name: '',
          });
          assert.is(result, address(one.at));
          for (let page = one.at; page < end; page++) {
            model.set(page, {
              protection: one.protection,
              shared: one.source === 'shared',
              file: anonymous ? -1 : one.offset + page - one.at,
              own: undefined,
            });
          }
        } else if (one.kind === 'unmap') {
          assert.is(space.unmap(address(one.at), bytes), 0);
          for (let page = one.at; page < end; page++) model.delete(page);
        } else if (one.kind === 'protect') {
          let covered = true;
          for (let page = one.at; page < end; page++) if (!model.has(page)) covered = false;
          assert.is(space.protect(address(one.at), bytes, one.protection), covered ? 0 : -ENOMEM);
          if (covered)
            for (let page = one.at; page < end; page++)
              (model.get(page) as ModelPage).protection = one.protection;
        } else if (one.kind === 'drop') {
          let covered = true;
          for (let page = one.at; page < end; page++) {
            const known = model.get(page);
            if (known === undefined) covered = false;
            else if (!known.shared) known.own = undefined;
          }
          assert.is(space.advise(address(one.at), bytes, MADV_DONTNEED), covered ? 0 : -ENOMEM);
        } else if (one.kind === 'move') {
          const newPages = Math.max(end - one.at + one.grow, 1);
          const region = space
            .regions()
            .find((r) => r.start <= address(one.at) && address(one.at) < r.end);
          const whole = region !== undefined && region.end >= address(end);
          const disjoint = one.to >= end || one.to + newPages <= one.at;
          if (one.to + newPages > PAGES) continue;
          const result = space.remap(
            address(one.at),
            bytes,
            newPages * PAGE,
            MREMAP_MAYMOVE | MREMAP_FIXED,
            address(one.to),
          );
          if (!whole) assert.is(result, -EFAULT);
          else if (!disjoint) assert.is(result, -EINVAL);
          else {
            assert.is(result, address(one.to));
            const first = model.get(one.at) as ModelPage;
            const moved: ModelPage[] = [];
            for (let page = 0; page < newPages; page++) {
              const old = page < end - one.at ? model.get(one.at + page) : undefined;
              moved.push(
                old ?? { ...first, file: first.file < 0 ? -1 : first.file + page, own: undefined },
              );
            }
            for (let page = one.at; page < end; page++) model.delete(page);
            for (let page = 0; page < newPages; page++)
              model.set(one.to + page, moved[page] as ModelPage);
          }
        } else {
          const known = model.get(one.at);
          const inFile = known === undefined || known.file < FILE_PAGES;
          if (one.write) {
            const allowed =
              known !== undefined &&
              (known.protection & 2) !== 0 &&
              (inFile || known.own !== undefined);
            assert.is(program.write(address(one.at), one.value), allowed);
            if (allowed && known !== undefined) {
              if (known.shared && known.file >= 0) file[known.file] = one.value;
              else known.own = one.value;
            }
          } else {
            const allowed =
              known !== undefined && known.protection !== 0 && (inFile || known.own !== undefined);
            const expected =
              !allowed || known === undefined
                ? -1
                : (known.own ?? (known.file >= 0 ? file[known.file] : 0));
            assert.is(program.read(address(one.at)), expected);
          }
        }
      }
      const mapsFile = [...model.values()].some((page) => page.file >= 0);
      assert.is(pager.users, mapsFile ? 1 : 0, 'retained exactly while mapped');
      space.reset();
      assert.is(pager.users, 0);
      assert.is(space.residentPages(), 0);
      // What is left is the table of the top slot that holds the kernel image too.
      assert.ok(
        freeAtStart - program.allocator.freePages <= 1,
        `${freeAtStart - program.allocator.freePages} pages leaked`,
      );
    }),
    { numRuns: 300 },
  );
});

test('placement: hints, fixed, no-replace, kernel ranges, null pages', () => {
  const { space } = new SimulatedProgram(0x40_0000);
  const request = (address: number, bytes: number, flags: number): number =>
    space.map({
      address,
      bytes,
      protection: 3,
      flags: flags | ANONYMOUS,
      pager: undefined,
      offset: 0,
      name: '',
    });
  const first = request(0, PAGE, 0);
  const second = request(0, PAGE, 0);
  assert.is(second, first - PAGE, 'top down');
  assert.is(request(0x5_0000_0000, PAGE, 0), 0x5_0000_0000, 'a free hint is taken');
  assert.is(request(0x5_0000_0000, PAGE, 0), second - PAGE, 'a used hint is not');
  assert.is(request(0x5_0000_0000, PAGE, MAP_FIXED_NOREPLACE), -EEXIST);
  assert.is(request(0x1000, PAGE, MAP_FIXED), -EPERM);
  assert.is(request(0x7000_0000, PAGE, MAP_FIXED), -ENOMEM);
  assert.is(request(0x6fff_f000, 2 * PAGE, MAP_FIXED), -ENOMEM);
  assert.is(request(2 ** 46, PAGE, MAP_FIXED), -ENOMEM);
  assert.is(request(0x5_0000_0001, PAGE, MAP_FIXED), -EINVAL);
  assert.is(request(0, 0, 0), -EINVAL);
  assert.is(request(0, 2 ** 47, 0), -ENOMEM);
  assert.ok(request(0, PAGE, 0x40) < 0x7000_0000, 'MAP_32BIT');
  assert.is(space.unmap(1, PAGE), -EINVAL);
  assert.is(space.unmap(0x9_0000_0000, PAGE), 0, 'nothing there is no error');
});

test('a terabyte reserved costs nothing until it is touched; the machine fills up with an answer', () => {
  const program = new SimulatedProgram(0x20_0000);
  const before = program.allocator.freePages;
  const start = program.space.map({
    address: 0,
    bytes: 2 ** 40,
    protection: 3,
    flags: ANONYMOUS | 0x4000,
    pager: undefined,
    offset: 0,
    name: '',
  });
  assert.is(program.allocator.freePages, before);
  assert.ok(program.write(start + 2 ** 39, 7));
  assert.is(before - program.allocator.freePages, 4, 'one page and three tables');
  let wrote = 0;
  while (program.write(start + wrote * PAGE, 1)) wrote++;
  assert.ok(wrote > 400);
  assert.is(program.space.fault(start + wrote * PAGE, 2), 4);
  assert.is(program.space.unmap(start, 2 ** 40), 0);
  assert.ok(before - program.allocator.freePages <= 1);
});

test('brk grows, shrinks, is refused at a neighbour; its pages are zero again', () => {
  const program = new SimulatedProgram(0x40_0000);
  const { space } = program;
  space.initialiseBreak(0x60_0800);
  assert.is(space.setBreak(0), 0x60_0800);
  assert.is(space.setBreak(0x60_4000), 0x60_4000);
  assert.ok(program.write(0x60_2000, 9));
  assert.is(space.setBreak(0x60_1000), 0x60_1000);
  assert.is(program.read(0x60_2000), -1);
  assert.is(space.setBreak(0x60_4000), 0x60_4000);
  assert.is(program.read(0x60_2000), 0);
  space.map({
    address: 0x61_0000,
    bytes: PAGE,
    protection: 1,
    flags: ANONYMOUS | MAP_FIXED,
    pager: undefined,
    offset: 0,
    name: '',
  });
  assert.is(space.setBreak(0x62_0000), 0x60_4000);
  assert.is(space.setBreak(0x7100_0000), 0x60_4000);
});

test('faults tell why', () => {
  const program = new SimulatedProgram(0x40_0000);
  const pager = new BytesPager(new Uint8Array(PAGE + 1), program.allocator);
  const { space } = program;
  const start = space.map({
    address: 0,
    bytes: 4 * PAGE,
    protection: 1,
    flags: MAP_PRIVATE,
    pager,
    offset: 0,
    name: 'f',
  });
  assert.is(space.fault(start + PAGE, 0), 0);
  assert.is(space.fault(start + 2 * PAGE, 0), FAULT_BUS);
  assert.is(space.fault(start, 2), FAULT_PROTECTION);
  assert.is(space.fault(start, 16), FAULT_PROTECTION);
  assert.is(space.fault(start - PAGE, 0), FAULT_NO_MAPPING);
  assert.is(space.fault(0, 0), FAULT_NO_MAPPING);
});

test('on a machine with one CPU, small ranges are invalidated page by page, large ones at once', () => {
  const cpu = resetSimulatedCpu();
  const caches = new LocalCaches();
  caches.invalidate(0, 4 * PAGE);
  assert.is(cpu.invalidations, 4);
  caches.invalidate(0, 1000 * PAGE);
  assert.is(cpu.flushes, 1);
});

test('large leaves translate, split where a range sticks out, and keep their meaning', () => {
  const program = new SimulatedProgram(0x200_0000);
  const memory = new DirectMemory();
  const table: PageTable = program.table;
  const huge = program.allocator.allocate(9);
  assert.ok(table.setLarge(0x4000_0000_000, BigInt(huge) | 0x203n, 1));
  assert.is(table.translate(0x4000_0000_000 + 0x12345), huge + 0x12345);
  const seen: number[] = [];
  assert.ok(
    table.visit(0x4000_0000_000 + PAGE, 0x4000_0000_000 + 3 * PAGE, {
      leaf: (where, entry) => {
        seen.push(where);
        return entry & ~2n;
      },
    }),
  );
  assert.is(seen.length, 2);
  assert.is(table.translate(0x4000_0000_000 + 0x12345), huge + 0x12345);
  assert.is(table.lookup(0x4000_0000_000 + PAGE) & 2n, 0n);
  assert.is(table.lookup(0x4000_0000_000) & 2n, 2n);
  void new AddressSpace(memory, program.allocator, table, program.caches);
});

test.run();
