import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  EmulatedBus,
  EmulatedFunction,
  enumerate,
  FunctionConfig,
  openMsix,
  parseMcfg,
  readBars,
  readCapabilities,
  readExtendedCapabilities,
  readMsixCapability,
} from '../src/index.js';

const test = suite('pci hostile');
const runs = Number(process.env['HOSTILE_RUNS'] ?? 2000);

const registers = {
  load8: (): number => 0,
  load16: (): number => 0,
  load32: (): number => 0,
  store8: (): void => {},
  store16: (): void => {},
  store32: (): void => {},
};

test('any 256 or 4096 bytes: bounded walks, BARs that are whole, tables inside them', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 256, maxLength: 256 }),
      fc.uint8Array({ minLength: 256, maxLength: 256 }),
      fc.boolean(),
      (bytes, masks, extended) => {
        const f = new EmulatedFunction({
          vendorId: 1,
          deviceId: 1,
          subsystemVendorId: 0,
          subsystemId: 0,
          classCode: 0,
          revision: 0,
          spaceBytes: extended ? 4096 : 256,
        });
        f.bytes.set(bytes);
        if (extended) f.bytes.set(masks, 256);
        f.writable.set(masks);
        const bus = new EmulatedBus(extended ? 4096 : 256);
        bus.plug(0, f);
        const config = new FunctionConfig(bus, 0);
        const list = readCapabilities(config);
        assert.ok(list.capabilities.length <= 48);
        assert.ok(readExtendedCapabilities(config).capabilities.length <= 960);
        assert.ok(enumerate(bus, { roots: [0], functionsMax: 16 }).functions.length <= 16);
        const { bars } = readBars(config, 6);
        for (const bar of bars) {
          assert.ok(Number.isSafeInteger(bar.address + bar.sizeBytes));
          assert.is(bar.address % bar.sizeBytes, 0);
          assert.is(Math.log2(bar.sizeBytes) % 1, 0);
        }
        for (const capability of list.capabilities) {
          const msix = readMsixCapability(config, capability.offset);
          const { table } = openMsix(config, msix, bars, registers);
          if (table === undefined) continue;
          const bar = bars.find((b) => b.index === msix.tableBar)!;
          assert.ok(msix.tableOffset + msix.entryCount * 16 <= bar.sizeBytes);
        }
      },
    ),
    { numRuns: runs },
  );
});

test('any MCFG', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const table = new Uint8Array(bytes.length + 8);
      table.set([0x4d, 0x43, 0x46, 0x47, table.length, 0, 0, 0]);
      table.set(bytes, 8);
      for (const region of parseMcfg(table).regions) {
        assert.ok(Number.isSafeInteger(region.base));
        assert.ok(region.firstBus <= region.lastBus);
      }
    }),
    { numRuns: runs },
  );
});

test.run();
