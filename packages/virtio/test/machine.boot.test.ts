/** Compiles test/native/machine.ts for the bare machine and boots it on every bus with every ring format under QEMU. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const tools = ['clang', 'ld.lld', 'qemu-system-x86_64'];
const missing = tools.filter((tool) => spawnSync(tool, ['--version']).status !== 0);

interface Bus {
  readonly machine: string;
  readonly suffix: string;
  readonly options: string;
  readonly isLegacy: boolean;
}

const buses: Record<string, Bus> = {
  'mmio 2': {
    machine: '-M microvm,acpi=off,pit=off -global virtio-mmio.force-legacy=false',
    suffix: 'device',
    options: '',
    isLegacy: false,
  },
  'mmio 1': {
    machine: '-M microvm,acpi=off,pit=off',
    suffix: 'device',
    options: '',
    isLegacy: true,
  },
  'pci modern': {
    machine: '-M q35',
    suffix: 'pci',
    options: ',disable-legacy=on',
    isLegacy: false,
  },
  'pci legacy': {
    machine: '-M pc',
    suffix: 'pci',
    options: ',disable-modern=on,disable-legacy=off',
    isLegacy: true,
  },
};

function boot(folder: string, image: string, bus: Bus, rings: string): string {
  const disk = join(folder, 'disk.img');
  const file = openSync(disk, 'w');
  writeSync(file, 'TESSERA-DISK-001');
  ftruncateSync(file, 1 << 20);
  closeSync(file);
  rmSync(join(folder, 'share/from-guest'), { force: true });
  const on = (letter: string): string => (rings.includes(letter) ? 'on' : 'off');
  const packed = bus.isLegacy ? '' : `,packed=${on('p')}`;
  const shared = `${packed},indirect_desc=${on('i')},event_idx=${on('e')}${bus.options}`;
  const device = (kind: string): string[] => ['-device', kind.replace('*', bus.suffix) + shared];
  const run = spawnSync(
    'qemu-system-x86_64',
    [
      ...bus.machine.split(' '),
      ...'-accel tcg -m 64 -nodefaults -display none -serial stdio -no-reboot'.split(' '),
      ...['-kernel', image, '-append', `rings=${rings}`],
      ...['-drive', `file=${disk},format=raw,if=none,id=d`, ...device('virtio-blk-*,drive=d')],
      ...['-netdev', 'user,id=n', ...device('virtio-net-*,netdev=n')],
      ...['-chardev', `file,id=c,path=${join(folder, 'console')}`],
      ...[...device('virtio-serial-*'), '-device', 'virtconsole,chardev=c'],
      ...device('virtio-rng-*'),
      ...['-fsdev', `local,id=f,path=${join(folder, 'share')},security_model=none`],
      ...device('virtio-9p-*,fsdev=f,mount_tag=host'),
    ],
    { encoding: 'utf8', timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return run.stdout + run.stderr;
}

const test = suite('virtio: drivers on QEMU');
if (missing.length > 0) {
  console.error(`SKIPPED virtio boots: install ${missing.join(', ')}`);
  test.skip(`not run: ${missing.join(', ')} missing`, () => {});
} else {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-virtio-'));
  const image = join(folder, 'machine.elf');
  test.after(() => rmSync(folder, { recursive: true }));
  test('the driver kernel compiles', () => {
    mkdirSync(join(folder, 'share'));
    writeFileSync(join(folder, 'share/from-host'), 'hello from host');
    const built = spawnSync(
      process.execPath,
      [
        ...['--conditions=@tessera/source', '--import', 'tsx', here('../../aot/src/cli.ts')],
        ...[here('./native/machine.ts'), '-o', image, '--target', 'freestanding'],
      ],
      { encoding: 'utf8', cwd: here('..') },
    );
    assert.is(built.status, 0, built.stderr);
  });
  for (const [name, bus] of Object.entries(buses)) {
    for (let bits = 0; bits < (bus.isLegacy ? 4 : 8); bits += 1) {
      const rings = `${bits & 1 ? 'i' : ''}${bits & 2 ? 'e' : ''}${bits & 4 ? 'p' : ''}` || '-';
      test(`${name}, ${rings}: disk, net, console, entropy, 9p`, () => {
        const output = boot(folder, image, bus, rings);
        const features = `${rings.includes('p') ? 'packed' : 'split'}${
          rings.includes('i') ? ' indirect' : ''
        }${rings.includes('e') ? ' event-index' : ''}\n`;
        for (const line of [
          `block 1048576 bytes, ${features}`,
          'block first TESSERA-DISK-001',
          'block equal true',
          'net arp replies 100',
          'entropy true, distinct true',
          "9p host true read 'hello from host'",
          '9p create 0 write 15 close 0',
          'virtio: end',
        ]) {
          assert.ok(output.includes(line), `${line} is missing in\n${output}`);
        }
        assert.not.match(output, 'FAULT');
        assert.is(readFileSync(join(folder, 'console'), 'utf8'), 'hello over virtio-console\n');
        assert.is(readFileSync(join(folder, 'share/from-guest'), 'utf8'), 'hello from host');
        const bytes = readFileSync(join(folder, 'disk.img')).subarray(65536, 65536 + 65536);
        assert.ok(bytes.every((byte, i) => byte === ((i * 13 + 7) & 0xff)));
      });
    }
  }
}
test.run();
