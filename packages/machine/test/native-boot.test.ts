import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const native = fileURLToPath(new URL('../native/', import.meta.url));
const program = fileURLToPath(new URL('./native/machine.c', import.meta.url));
const tools = ['clang', 'ld.lld', 'qemu-system-x86_64'];
const missing = tools.filter((tool) => spawnSync(tool, ['--version']).status !== 0);

function build(folder: string, ...flags: string[]): string {
  const objects: string[] = [];
  const compile = (source: string, ...more: string[]): void => {
    const object = join(folder, `${objects.length}.o`);
    const result = spawnSync('clang', [...more, '-c', source, '-o', object], { encoding: 'utf8' });
    assert.is(result.status, 0, result.stderr);
    objects.push(object);
  };
  for (const source of ['boot.S', 'traps.S', 'cpu.S']) compile(join(native, source));
  const freestanding =
    '-O2 -std=gnu11 -ffreestanding -fno-builtin -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only'.split(
      ' ',
    );
  compile(program, ...freestanding, '-fno-stack-protector', ...flags);
  const image = join(folder, 'kernel.elf');
  const link = spawnSync(
    'ld.lld',
    [
      '-static',
      '-z',
      'max-page-size=4096',
      '-T',
      join(native, 'kernel.ld'),
      ...objects,
      '-o',
      image,
    ],
    { encoding: 'utf8' },
  );
  assert.is(link.status, 0, link.stderr);
  return image;
}

function boot(image: string, machine: string, ...more: string[]): string {
  const fixed = [
    '-accel',
    'tcg',
    '-nodefaults',
    '-display',
    'none',
    '-serial',
    'stdio',
    '-no-reboot',
    '-m',
    '16',
  ];
  const result = spawnSync(
    'qemu-system-x86_64',
    ['-M', machine, ...fixed, ...more, '-kernel', image],
    { encoding: 'utf8', timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return `${result.stdout}${result.stderr}`;
}

const test = suite('machine: assembly under QEMU');
if (missing.length > 0) {
  test.skip(`not run: ${missing.join(', ')} missing`, () => {});
  console.error(`SKIPPED machine native boot: install ${missing.join(', ')}`);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-machine-'));
  test.after(() => rmSync(folder, { recursive: true }));
  for (const machine of [
    'microvm,acpi=off',
    'microvm,acpi=off,pic=off,pit=off,rtc=off',
    'q35',
    'pc',
  ]) {
    test(`tables, faults, timer, threads and a program's system calls on ${machine}`, () => {
      const output = boot(build(folder), machine);
      assert.match(output, 'machine: ok');
      assert.not.match(output, 'FAILED');
    });
  }
  test('an overflowing kernel stack is reported, not a silent reset', () => {
    assert.match(boot(build(folder, '-DOVERFLOW'), 'microvm,acpi=off'), 'machine: overflow caught');
  });
}
test.run();
