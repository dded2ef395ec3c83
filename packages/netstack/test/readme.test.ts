import fs from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMIT_TABLE, SUPPORT } from '../src/index.js';

// The two tables of the README are made from code. TESSERA_UPDATE=1 writes them.
const file = new URL('../README.md', import.meta.url);

function limits(): string {
  const rows = Object.entries(LIMIT_TABLE).map(
    ([name, l]) => `| \`${name}\` | ${l.default} | ${l.min} to ${l.max} | ${l.why} |`,
  );
  return ['| limit | default | range | why |', '|---|---|---|---|', ...rows].join('\n');
}

function support(): string {
  const rows = SUPPORT.map(
    (s) =>
      `| ${s.area} | ${s.feature} | ${s.status} | ${[s.standard, s.note].filter((t) => t !== '').join('; ')} |`,
  );
  return ['| area | feature | | standard, remark |', '|---|---|---|---|', ...rows].join('\n');
}

function fill(text: string, name: string, body: string): string {
  const start = text.indexOf('\n', text.indexOf(`<!-- ${name}:`)) + 1;
  const end = text.indexOf(`<!-- /${name} -->`);
  assert.ok(start > 0 && end >= start, name);
  return `${text.slice(0, start)}\n${body}\n\n${text.slice(end)}`;
}

test('the tables of the README are current', () => {
  const text = fs.readFileSync(file, 'utf8');
  const made = fill(fill(text, 'support', support()), 'limits', limits());
  if (process.env['TESSERA_UPDATE'] !== undefined) fs.writeFileSync(file, made);
  else assert.is(text, made, 'run TESSERA_UPDATE=1 npm test -w packages/netstack');
});

test('every default lies in its range', () => {
  for (const [name, l] of Object.entries(LIMIT_TABLE))
    assert.ok(l.min <= l.default && l.default <= l.max, name);
});

test.run();
