// What JavaScript would let drift stops the program: message, file and line on stderr, status 134.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../src/index.js';

const cases: readonly [string, number, RegExp, string][] = [
  [
    'overflow',
    2,
    /outside the safe integers/,
    'let n = Number.MAX_SAFE_INTEGER - 1;\nfor (let i = 0; i < 3; i++) n += 1;\n',
  ],
  ['index', 3, /index out of range/, 'const a = [1, 2];\nlet i = 2;\nif (a[++i] === 1) i = 0;\n'],
  [
    'division',
    2,
    /division by zero/,
    'let z = 3;\nfor (; z >= 0; z--) if (Math.trunc(7 / z) === 99) z = 5;\n',
  ],
  [
    'bigint',
    3,
    /bigint outside 64 bits/,
    'let b = 1n;\nfor (let i = 0; i < 70; i++)\n  b = b * 3n;\n',
  ],
  [
    'assertion',
    3,
    /undefined or null/,
    'let s: string | undefined = "a";\nif (Math.trunc(s.length / 1) === 1) s = undefined as string | undefined;\nconst t: string = s!;\nif (t.length > 5) s = t;\n',
  ],
  [
    'uncaught',
    0,
    /Error: boom/,
    'function f(n: number): number {\n  if (n > 1) throw new Error("boom");\n  return n;\n}\nf(2);\n',
  ],
];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-panic-'));
for (const [name, line, message, text] of cases) {
  test(`${name} stops the program at its line`, async () => {
    const entry = path.join(folder, `${name}.ts`);
    fs.writeFileSync(entry, text);
    const { elf } = await compile({ entry, target: 'process', outDir: path.join(folder, name) });
    const run = spawnSync(elf, [], { encoding: 'utf8' });
    assert.match(run.stderr, message);
    if (line > 0) assert.ok(run.stderr.includes(`${name}.ts:${line}:`), run.stderr);
    assert.is(run.status, line > 0 ? 134 : 1);
  });
}

test.run();
