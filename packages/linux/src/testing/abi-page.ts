/** The page that says which system calls work: made from the table, so that it cannot say anything else. */
import { buildTable } from '../syscalls/all.js';
import { syscallName } from '../syscalls/names.js';
import { DONE, REFUSED } from '../syscalls/table.js';

export function abiPage(): string {
  const table = buildTable();
  const done: string[] = [];
  const partly: string[] = [];
  const refused: string[] = [];
  const absent: string[] = [];
  for (let number = 0; number < table.count(); number++) {
    const name = syscallName(number);
    if (name.length === 0) continue;
    const entry = table.get(number);
    if (entry === undefined) absent.push('`' + name + '`');
    else if (entry.status === DONE) done.push('`' + name + '`');
    else {
      const row = '| ' + number.toString() + ' | `' + name + '` | ' + entry.note + ' |';
      if (entry.status === REFUSED) refused.push(row);
      else partly.push(row);
    }
  }
  return [
    '# Linux system calls',
    '',
    'Generated from the table in `packages/linux/src/syscalls` (`npm run abi -w packages/linux`). A call that is absent',
    'answers ENOSYS and is named once in the kernel log (`--verbose`); `--strace` shows every call.',
    '',
    '## Done (' + done.length.toString() + ')',
    'As on Linux, for one process.',
    '',
    done.join(', '),
    '',
    '## Partly (' + partly.length.toString() + ')',
    '| number | call | limit |',
    '| --- | --- | --- |',
    partly.join('\n'),
    '',
    '## Refused (' + refused.length.toString() + ')',
    'ENOSYS on purpose.',
    '',
    '| number | call | reason |',
    '| --- | --- | --- |',
    refused.join('\n'),
    '',
    '## Absent (' + absent.length.toString() + ')',
    absent.join(', '),
    '',
  ].join('\n');
}
