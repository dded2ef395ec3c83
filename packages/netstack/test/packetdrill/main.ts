// npm run packetdrill -- [--v6] FILE...
import fs from 'node:fs';
import path from 'node:path';
import { runScript } from './run.js';

function filesOf(name: string): string[] {
  if (!fs.statSync(name).isDirectory()) return [name];
  return fs
    .readdirSync(name, { recursive: true, withFileTypes: true })
    .filter((e) => e.name.endsWith('.pkt'))
    .map((e) => path.join(e.parentPath, e.name))
    .sort();
}

const args = process.argv.slice(2);
const v6 = args.includes('--v6');
const files = args.filter((a) => !a.startsWith('--')).flatMap(filesOf);
const counts = { pass: 0, fail: 0, unsupported: 0 };
for (const file of files) {
  const { status, detail } = runScript(fs.readFileSync(file, 'utf8'), v6);
  counts[status] += 1;
  console.log(`${status.padEnd(11)} ${file}${detail === '' ? '' : `: ${detail}`}`);
}
console.log(
  `${counts.pass} passed, ${counts.fail} failed, ${counts.unsupported} need something that is missing, of ${files.length}`,
);
process.exitCode = counts.fail === 0 && counts.unsupported === 0 && files.length > 0 ? 0 : 1;
