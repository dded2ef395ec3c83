// A refusal has a number, a place, and a cure; docs/language.md lists exactly the catalogue.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { catalogueTable } from '../src/diagnostics/table.js';
import { CompileError, catalogue, compileToC, type Diagnostic } from '../src/index.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-diagnostics-'));

function diagnose(text: string): readonly Diagnostic[] {
  const entry = path.join(folder, 'case.ts');
  fs.writeFileSync(entry, text);
  try {
    compileToC({ entry, target: 'process', outDir: folder });
    return [];
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics;
  }
}

const cases: readonly [string, number, number, string][] = [
  ['type error', 100, 1, "const x: number = 'a';\nconsole.log(x);\n"],
  ['regular expression', 203, 1, 'console.log(/a/ as unknown);\n'],
  ['async', 202, 1, 'async function f(): Promise<void> {}\nvoid f();\n'],
  ['float into int', 210, 2, 'let n = 1;\nn = 1 / 3;\nconsole.log(n);\n'],
  [
    'array kinds',
    212,
    2,
    'const a: number[] = [1];\nconst b: (number | undefined)[] = a;\nconsole.log(b.length);\n',
  ],
  [
    'method value',
    206,
    3,
    'class A { m(): number { return 1; } }\nconst a = new A();\nconst f = a.m;\nconsole.log(f());\n',
  ],
  ['class value', 205, 2, 'class A {}\nconst f: unknown = A;\nconsole.log(f === undefined);\n'],
  [
    'dynamic property',
    204,
    3,
    "const o: Record<string, number> = { a: 1 };\nconst k = 'a';\nconsole.log(o[k]!);\n",
  ],
  ['literal as class', 233, 2, 'class P { x = 1; }\nconst p: P = { x: 2 };\nconsole.log(p.x);\n'],
  ['missing library member', 220, 1, "console.log('a'.normalize());\n"],
];

for (const [name, code, line, text] of cases) {
  test(`${name} is refused with TA${code} at line ${line}`, () => {
    const found = diagnose(text);
    assert.ok(
      found.some((d) => d.code === code && d.line === line),
      JSON.stringify(found),
    );
    for (const d of found) assert.ok(d.message.length > 0 && d.cure.length > 0);
  });
}

test('numbers are unique', () => {
  const codes = Object.values(catalogue).map((entry) => entry.code);
  assert.is(new Set(codes).size, codes.length);
});

test('docs/language.md holds the table of the catalogue', () => {
  const text = fs.readFileSync(path.join(import.meta.dirname, '../../../docs/language.md'), 'utf8');
  assert.ok(
    text.includes(catalogueTable()),
    `run: npm run catalogue -w packages/aot prints\n${catalogueTable()}`,
  );
});

test.run();
