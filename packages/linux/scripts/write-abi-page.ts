/** Writes docs/linux-abi.md from the system-call table: `npm run abi -w packages/linux` (`--check` only compares). */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { abiPage } from '../src/testing/abi-page.js';

const path = fileURLToPath(new URL('../../../docs/linux-abi.md', import.meta.url));
const page = abiPage();
if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== page) {
    console.error('docs/linux-abi.md is not what the table says: npm run abi -w packages/linux');
    process.exit(1);
  }
} else {
  writeFileSync(path, page);
}
