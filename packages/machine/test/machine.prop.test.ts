import { readFileSync } from 'node:fs';
import * as machine from '@tessera/machine';
import {
  CounterClock,
  copyFromUser,
  freeMemory,
  isUserRange,
  load8,
  readUserString,
  saturateLength,
  store8,
  userAddress,
  userCompareExchange32,
  userFaulted,
  userLoad32,
  userLoad64,
  userStore64,
  userStringLength,
  waitForInterrupt,
} from '@tessera/machine';
import { denyUserPage, MachineStopped, resetSimulatedCpu } from '@tessera/machine/testing';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

test('layout.ts and native/layout.h agree', () => {
  const header = readFileSync(new URL('../native/layout.h', import.meta.url), 'utf8');
  const values = machine as unknown as Record<string, unknown>;
  let compared = 0;
  for (const match of header.matchAll(/^#define (\w+) (0x[0-9a-f]+|\d+)\b/gm)) {
    const [, name, value] = match as unknown as [string, string, string];
    if (!(name in values)) continue;
    assert.is(values[name], Number(value), name);
    compared++;
  }
  assert.ok(compared >= 30, `only ${compared} names are in both`);
});

test('the clock is monotonic and within a part per million of exact, near every limit', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n << 20n, max: (1n << 34n) - 1n }),
      fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
      fc.bigInt({ min: 0n, max: 1n << 62n }),
      fc.array(fc.bigInt({ min: 0n, max: 1n << 40n }), { maxLength: 40 }),
      (hz, start, nowNs, steps) => {
        const clock = new CounterClock(start, nowNs, hz);
        let counter = start;
        let last = nowNs;
        for (const step of steps) {
          counter = BigInt.asUintN(64, counter + step);
          const at = clock.at(counter);
          assert.ok(at >= last, `${at} < ${last}`);
          last = at;
        }
        const exact = (steps.reduce((sum, step) => sum + step, 0n) * 1_000_000_000n) / hz;
        const error = last - nowNs - exact;
        const bound = exact / 1_000_000n + BigInt(steps.length) + 1n;
        assert.ok(error <= bound && -error <= bound, `error ${error} of ${exact}`);
      },
    ),
  );
});

test('free memory is RAM, aligned, disjoint and outside everything taken', () => {
  const range = fc.record({
    start: fc.nat(1 << 28),
    bytes: fc.nat(1 << 26),
    type: fc.constantFrom(1, 1, 2),
  });
  const module = fc.record({ start: fc.nat(1 << 28), bytes: fc.nat(1 << 22) });
  fc.assert(
    fc.property(
      fc.array(range, { maxLength: 4 }),
      fc.array(module, { maxLength: 3 }),
      fc.integer({ min: 0x10_0000, max: 0x80_0000 }),
      (ranges, modules, imageEnd) => {
        let at = 0;
        const memory = ranges.map((one) => {
          const start = at + (one.start % 0x100000);
          at = start + one.bytes;
          return { start, bytes: one.bytes, type: one.type };
        });
        const free = freeMemory(
          { memory, modules, commandLine: '', rsdp: 0, start: 0x9000 },
          imageEnd,
          1 << 30,
        );
        let last = 0;
        for (const piece of free) {
          assert.ok(
            piece.start % 4096 === 0 &&
              piece.end % 4096 === 0 &&
              piece.start < piece.end &&
              piece.start >= last,
          );
          last = piece.end;
          assert.ok(piece.start >= imageEnd, 'the kernel image is not free');
          assert.ok(
            memory.some(
              (one) =>
                one.type === 1 && one.start <= piece.start && piece.end <= one.start + one.bytes,
            ),
          );
          for (const one of modules)
            assert.ok(
              one.bytes === 0 || one.start + one.bytes <= piece.start || one.start >= piece.end,
            );
        }
      },
    ),
  );
});

test('addresses and lengths from a program are refused or saturated', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (raw) => {
      const address = userAddress(raw);
      const allowed = raw < 1n << 46n && !(raw >= 0x70000000n && raw < 0x80000000n);
      assert.is(address, allowed ? Number(raw) : -1);
      const length = saturateLength(raw);
      assert.ok(Number.isSafeInteger(length) && length >= -1 && length <= 2 ** 52);
    }),
  );
  assert.not(isUserRange(0x6fff_fff0, 32));
  assert.ok(isUserRange(0x6fff_fff0, 16));
  assert.not(isUserRange(2 ** 46 - 8, 9));
});

test('user accessors copy what is there and report the rest', () => {
  const page = 0x50_0000;
  for (let index = 0; index < 4096; index++) store8(page + index, 65 + (index % 26));
  store8(page + 4095, 66);
  denyUserPage(page + 4096);
  assert.is(copyFromUser(0x7000_0000_0000, page + 4090, 16), 10);
  assert.is(load8(0x7000_0000_0005), 66);
  assert.is(userLoad32(page + 4094), -1);
  assert.is(userLoad64(page + 4092), 0n);
  assert.ok(userFaulted());
  assert.ok(userStore64(page, 7n));
  assert.is(userLoad64(page), 7n);
  assert.not(userFaulted());
  assert.not(userStore64(page + 4093, 7n));
  assert.is(userCompareExchange32(page, 7, 9), 7);
  assert.is(userCompareExchange32(page, 7, 11), 9);
  assert.is(userStringLength(page + 4000, 5000), -1);
  assert.is(userStringLength(page + 4000, 50), -2);
  store8(page + 4050, 0);
  assert.is(userStringLength(page + 4000, 5000), 50);
  assert.is(readUserString(page + 4048, 10).text.length, 2);
  assert.is(readUserString(0, 10).status, -14);
  denyUserPage(page + 4096, false);
});

test('the simulator delivers scripted interrupts in order, only when they are on', () => {
  const cpu = resetSimulatedCpu();
  const seen: string[] = [];
  cpu.sink = (vector) => seen.push(`${vector}@${cpu.nowNs}`);
  cpu.schedule(200n, 33);
  cpu.schedule(100n, 32);
  cpu.advanceNs(150n);
  assert.equal(seen, []);
  machine.interruptsOn();
  assert.equal(seen, ['32@150']);
  assert.ok(machine.interruptsOff());
  waitForInterrupt();
  assert.equal(seen, ['32@150', '33@200']);
  assert.throws(
    () => waitForInterrupt(),
    (error: unknown) => error instanceof MachineStopped,
  );
});

test.run();
