import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type BootConfiguration,
  readBootConfiguration,
  writeBootConfiguration,
} from '../src/kernel/index.js';

const bytestr = fc
  .uint8Array({ maxLength: 60 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));
const configurations: fc.Arbitrary<BootConfiguration> = fc.record(
  {
    program: bytestr,
    workingDirectory: bytestr,
    argv: fc.array(bytestr, { maxLength: 300 }),
    environment: fc.array(bytestr, { maxLength: 8 }),
    flags: fc.nat(0xffffffff),
    rows: fc.nat(0xffff),
    columns: fc.nat(0xffff),
    wallClockNs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    seed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    rootBytes: fc.nat(100).map((pages) => pages * 4096),
  },
  { noNullPrototype: true },
);

function moduleOf(configuration: BootConfiguration): Uint8Array {
  const head = writeBootConfiguration(configuration);
  const whole = new Uint8Array(head.length + configuration.rootBytes);
  whole.set(head);
  return whole;
}

test('what is written is read, and the root file system begins at a page', () => {
  fc.assert(
    fc.property(configurations, (configuration) => {
      const parsed = readBootConfiguration(moduleOf(configuration));
      assert.equal(parsed?.configuration, configuration);
      assert.is((parsed?.rootOffset ?? 1) % 4096, 0);
    }),
  );
});

test('a module that is cut off or changed is refused or read within its bounds, never an exception', () => {
  fc.assert(
    fc.property(
      configurations,
      fc.nat(),
      fc.array(fc.tuple(fc.nat(4096), fc.nat(255)), { maxLength: 6 }),
      (configuration, cut, changes) => {
        const whole = moduleOf(configuration);
        for (const [at, value] of changes) if (at < whole.length) whole[at] = value;
        const parsed = readBootConfiguration(whole.slice(0, cut % (whole.length + 1)));
        if (parsed === undefined) return;
        assert.ok(parsed.rootOffset + parsed.configuration.rootBytes <= cut % (whole.length + 1));
      },
    ),
  );
});

test.run();
