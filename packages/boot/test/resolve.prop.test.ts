import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  CompositionError,
  completeOptions,
  generateEntry,
  type Need,
  resolveComposition,
  type Subsystem,
  subsystem,
} from '../src/index.js';

const ROOT = { contract: 'program', version: 1 };

function make(
  name: string,
  provides: string[],
  needs: (string | Need)[] = [],
  version = 1,
): Subsystem {
  return subsystem({
    name,
    provides: provides.map((contract) => ({ contract, version })),
    needs: needs.map((need) => (typeof need === 'string' ? { contract: need, version: 1 } : need)),
    options: { size: { kind: 'number', default: 4, minimum: 1, maximum: 9, description: '' } },
    module: `@example/${name}`,
    construct: 'make',
  })();
}

const refused = (chosen: Subsystem[], message: RegExp): void => {
  assert.throws(
    () => resolveComposition(chosen, ROOT),
    (error: unknown) => error instanceof CompositionError && message.test(error.message),
  );
};

test('a missing provider names the user and the contract', () => {
  refused(
    [make('linux', ['program'], ['files'])],
    /linux \(@example\/linux\) needs files version 1/,
  );
});

test('a doubled provider names both', () => {
  refused(
    [make('linux', ['program'], ['files']), make('zfs', ['files']), make('ram', ['files'])],
    /linux needs one provider of files, but ram and zfs/,
  );
});

test('another version names both sides', () => {
  refused(
    [make('linux', ['program'], ['files']), make('ram', ['files'], [], 2)],
    /linux needs files version 1, but ram provides version 2/,
  );
});

test('circles and names used twice are refused', () => {
  refused(
    [make('linux', ['program'], ['a']), make('x', ['a'], ['b']), make('y', ['b'], ['a'])],
    /circle: linux, x, y/,
  );
  refused([make('linux', ['program']), make('linux', ['a'])], /two subsystems are called linux/);
  refused([make('li nux', ['program'])], /no name/);
});

test('many and optional', () => {
  const net: Need = { contract: 'link', version: 1, count: 'many' };
  const log: Need = { contract: 'log', version: 1, count: 'optional' };
  const composed = resolveComposition(
    [make('linux', ['program'], [net, log]), make('b', ['link']), make('a', ['link'])],
    ROOT,
  );
  assert.match(
    generateEntry(composed),
    /const linux = construct2\(\{ "size": 4 \}, \[a, b\], undefined\);/,
  );
});

test('options: unknown with the nearest name, wrong kind, out of bounds', () => {
  const { descriptor } = make('zfs', []);
  const refuse = (options: Record<string, number | string>, message: RegExp): void => {
    assert.throws(
      () => completeOptions({ descriptor, options }),
      (error: Error) => message.test(error.message),
    );
  };
  refuse({ sise: 4 }, /no option 'sise'; did you mean 'size'/);
  refuse({ size: '4' }, /must be a number, not string/);
  refuse({ size: 10 }, /above 9/);
  refuse({ size: 1.5 }, /integer/);
  assert.equal(completeOptions({ descriptor, options: {} }), { size: 4 });
});

/** A random acyclic set: subsystem i needs some of those before it; the last is the program. */
const graphs = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 12 })
  .map((needs) =>
    needs.map((list, index) => {
      const wanted = [...new Set(list.map((n) => n % Math.max(index, 1)))].filter((n) => n < index);
      const provides = index === needs.length - 1 ? ['program'] : [`c${index}`];
      return make(
        `s${index}`,
        provides,
        wanted.map((n) => `c${n}`),
      );
    }),
  );

test('whatever is needed is constructed before, once, and the order of the list does not matter', () => {
  fc.assert(
    fc.property(graphs, fc.infiniteStream(fc.nat()), (chosen, random) => {
      const composed = resolveComposition(chosen, ROOT);
      const at = new Map(composed.subsystems.map((one, index) => [one.descriptor.name, index]));
      assert.is(at.size, chosen.length);
      for (const one of composed.subsystems) {
        for (const { providers } of one.needs) {
          for (const provider of providers)
            assert.ok(at.get(provider)! < at.get(one.descriptor.name)!);
        }
      }
      const shuffled = [...chosen]
        .map((one) => ({ one, key: random.next().value }))
        .sort((a, b) => a.key - b.key);
      const again = resolveComposition(
        shuffled.map(({ one }) => one),
        ROOT,
      );
      assert.is(generateEntry(again), generateEntry(composed));
    }),
  );
});

test.run();
