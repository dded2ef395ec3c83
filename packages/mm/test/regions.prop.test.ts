import { Region, RegionList } from '@tessera/mm';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const PAGE = 4096;
const PAGES = 40;

const step = fc.record({
  start: fc.nat(PAGES - 1),
  pages: fc.integer({ min: 1, max: 12 }),
  protection: fc.nat(3),
  remove: fc.boolean(),
});

test('the region list equals a naive page map, is ordered, joined, and old snapshots never change', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const list = new RegionList();
      const model = new Map<number, number>();
      const snapshots: { list: readonly Region[]; copy: string }[] = [];
      const show = (regions: readonly Region[]): string =>
        regions.map((r) => `${r.start}-${r.end}:${r.protection}`).join();
      for (const { start, pages, protection, remove } of steps) {
        const from = start * PAGE;
        const to = Math.min(start + pages, PAGES) * PAGE;
        for (let at = from; at < to; at += PAGE) {
          if (remove) model.delete(at);
          else model.set(at, protection);
        }
        list.replace(
          from,
          to,
          remove ? [] : [new Region(from, to, protection, 0x22, undefined, 0, '')],
        );
        snapshots.push({ list: list.all(), copy: show(list.all()) });
        let last: Region | undefined;
        for (const region of list.all()) {
          assert.ok(region.start < region.end);
          if (last !== undefined) {
            assert.ok(last.end <= region.start, 'ordered');
            assert.not(
              last.end === region.start && last.protection === region.protection,
              'joined',
            );
          }
          last = region;
        }
        for (let page = 0; page < PAGES; page++)
          assert.is(list.find(page * PAGE + 5)?.protection, model.get(page * PAGE));
        let covered = true;
        let free = true;
        for (let at = from; at < to; at += PAGE) {
          if (model.has(at)) free = false;
          else covered = false;
        }
        assert.is(list.covers(from, to), covered);
        assert.is(list.isFree(from, to), free);
        if (free) {
          let low = from;
          while (low > 0 && !model.has(low - PAGE)) low -= PAGE;
          let high = to;
          while (high < PAGES * PAGE && !model.has(high)) high += PAGE;
          assert.is(list.freeFrom(from, 0), low);
          assert.is(list.freeTo(to, PAGES * PAGE), high);
        }
        const bytes = pages * PAGE;
        let best = -1;
        for (let at = PAGES * PAGE - bytes; at >= 0 && best < 0; at -= PAGE) {
          let fits = true;
          for (let page = at; page < at + bytes; page += PAGE) if (model.has(page)) fits = false;
          if (fits) best = at;
        }
        assert.is(list.gapBelow(bytes, 0, PAGES * PAGE), best);
      }
      for (const snapshot of snapshots) assert.is(show(snapshot.list), snapshot.copy);
    }),
  );
});

test('a file region split in two keeps its offsets and joins again', () => {
  const pager = { bytes: 1 << 20, page: () => -1, retain: () => {}, release: () => {} };
  const list = new RegionList();
  list.replace(0x10000, 0x20000, [new Region(0x10000, 0x20000, 1, 2, pager, 0x4000, 'f')]);
  list.replace(0x14000, 0x15000, [new Region(0x14000, 0x15000, 3, 2, pager, 0x8000, 'f')]);
  assert.equal(
    list.all().map((r) => r.offset),
    [0x4000, 0x8000, 0x9000],
  );
  list.replace(0x14000, 0x15000, [new Region(0x14000, 0x15000, 1, 2, pager, 0x8000, 'f')]);
  assert.is(list.all().length, 1);
});

test.run();
