// Random well-typed programs print natively what they print in Node. One batch is one compilation; the long run
// (npm run test:random -w packages/aot) makes many. TESSERA_SEED repeats a batch.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runBatch } from './harness.js';

const seed = Number(process.env['TESSERA_SEED'] ?? Date.now() % 2147483648);
const batches = Number(process.env['TESSERA_BATCHES'] ?? 1);
const programsPerBatch = Number(process.env['TESSERA_PROGRAMS'] ?? 60);

const edge: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -100, max: 100 }),
  fc.constantFrom(0, 1, -1, 31, 32, 255, 256, 65535, 2147483647, -2147483648, 4294967295),
);

/** An int expression over variables a, b, c, kept in 32 bits so that Node and native agree. */
const intExpression: fc.Arbitrary<string> = fc.letrec<{ e: string }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    edge.map((n) => (n < 0 ? `(${n})` : String(n))),
    fc.constantFrom('a', 'b', 'c', 'xs[a & 3]', 'box.v', 'text.length', 'get(b)'),
    fc
      .tuple(tie('e'), fc.constantFrom('+', '-', '&', '|', '^', '<<', '>>', '>>>'), tie('e'))
      .map(([x, op, y]) => `((${x} ${op} ${y}) | 0)`),
    fc.tuple(tie('e'), tie('e')).map(([x, y]) => `Math.imul(${x}, ${y})`),
    fc.tuple(tie('e'), tie('e')).map(([x, y]) => `Math.trunc((${x}) / (((${y}) & 15) + 1))`),
    fc.tuple(tie('e'), tie('e')).map(([x, y]) => `Math.max(${x}, ${y})`),
    fc.tuple(tie('e'), tie('e')).map(([x, y]) => `(((${x}) % (((${y}) & 7) + 1)) + 0)`),
    fc
      .tuple(tie('e'), tie('e'), tie('e'))
      .map(([x, y, z]) => `((${x}) < (${y}) ? (${z}) : (${x}))`),
    fc.tuple(tie('e')).map(([x]) => `(() => { const k = ${x}; return (k ^ a) | 0; })()`),
    fc.tuple(tie('e')).map(([x]) => `(maybe(${x}) ?? ${x})`),
  ),
})).e;

const bigExpression: fc.Arbitrary<string> = fc.letrec<{ e: string }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map((n) => `${n}n`),
    fc.constant('h'),
    fc
      .tuple(tie('e'), fc.constantFrom('+', '-', '*', '^', '|', '&'), tie('e'))
      .map(([x, op, y]) => `BigInt.asUintN(64, ${x} ${op} ${y})`),
    fc.tuple(tie('e'), fc.integer({ min: 0, max: 63 })).map(([x, n]) => `(${x} >> ${n}n)`),
    fc
      .tuple(tie('e'), fc.integer({ min: 0, max: 63 }))
      .map(([x, n]) => `BigInt.asUintN(64, ${x} << ${n}n)`),
  ),
})).e;

const statement: fc.Arbitrary<string> = fc.letrec<{ s: string }>((tie) => ({
  s: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc
      .tuple(fc.constantFrom('a', 'b', 'c', 'box.v', 'xs[b & 3]'), intExpression)
      .map(([v, e]) => `${v} = (${e}) | 0;`),
    intExpression.map((e) => `text += (${e}) + ',';`),
    intExpression.map((e) => `map.set('k' + ((${e}) & 7), a | 0);`),
    intExpression.map((e) => `xs.push((${e}) | 0);`),
    bigExpression.map((e) => `h = ${e};`),
    fc
      .tuple(intExpression, tie('s'), tie('s'))
      .map(([e, s, t]) => `if ((${e}) > b) { ${s} } else { ${t} }`),
    fc
      .tuple(fc.integer({ min: 1, max: 5 }), tie('s'))
      .map(
        ([n, s]) =>
          `for (let i = 0; i < ${n}; i++) { ${s} if (i === 3) continue; c = (c + i) | 0; }`,
      ),
    fc
      .tuple(intExpression, tie('s'))
      .map(
        ([e, s]) =>
          `try { ${s} if (((${e}) & 3) === 1) throw new Error('e' + a); text += 'n'; } catch (x) { text += x instanceof Error ? x.message : '?'; } finally { c = (c + 1) | 0; }`,
      ),
    fc
      .tuple(intExpression, tie('s'))
      .map(
        ([e, s]) =>
          `switch ((${e}) & 3) { case 0: ${s} break; case 1: b = (b + 1) | 0; default: text += 'd'; }`,
      ),
    fc.constant('shape = flip(shape); text += describe(shape);'),
    fc.constant("for (const [k, v] of map) text += k + v + ';';"),
  ),
})).s;

const program: fc.Arbitrary<string> = fc
  .tuple(edge, edge, edge, fc.array(statement, { minLength: 2, maxLength: 8 }))
  .map(
    ([
      a,
      b,
      c,
      statements,
    ]) => `type Shape = { kind: 'dot'; at: number } | { kind: 'line'; from: number; to: number };
class Box<T> { constructor(public v: T) {} }
let a = ${a}; let b = ${b}; let c = ${c}; let h = 0xcbf29ce484222325n; let text = '';
const xs = [1, 2, 3, 4]; const box = new Box<number>(7); const map = new Map<string, number>();
let shape: Shape = { kind: 'dot', at: 1 };
const get = (i: number): number => xs[i & 3]!;
function maybe(n: number): number | undefined { return (n & 1) === 0 ? n : undefined; }
function flip(s: Shape): Shape { return s.kind === 'dot' ? { kind: 'line', from: s.at, to: 2 } : { kind: 'dot', at: s.to }; }
function describe(s: Shape): string { switch (s.kind) { case 'dot': return 'dot' + s.at; case 'line': return 'line' + s.from + '-' + s.to; } }
${statements.join('\n')}
console.log(a, b, c, h, text, xs.join(' '), box.v, map.size, shape.kind);
export {};
`,
  );

for (let batch = 0; batch < batches; batch++) {
  const batchSeed = (seed + batch) % 2147483648;
  test(`random programs, seed ${batchSeed}`, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-random-'));
    try {
      const texts = fc.sample(program, { seed: batchSeed, numRuns: programsPerBatch });
      const programs = new Map<string, string>();
      texts.forEach((text, i) => {
        const file = path.join(folder, `p${i}.ts`);
        fs.writeFileSync(file, text);
        programs.set(`p${i}`, file);
      });
      const result = await runBatch(programs, 'dev');
      assert.is(result.error, '');
      assert.is(result.refused.size, 0, JSON.stringify([...result.refused]));
      assert.is(result.expected.size, programsPerBatch);
      for (const [name, expected] of result.expected) {
        assert.is(
          result.actual.get(name),
          expected,
          `seed ${batchSeed}, program ${name}:\n${texts[Number(name.slice(1))]}`,
        );
      }
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
}

test.run();
