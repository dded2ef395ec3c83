import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  chooseAccelerator,
  defineImage,
  NotBuiltYetError,
  nearest,
  parseCpus,
  parseMemory,
  parseTarget,
  qemuArguments,
  TesseraError,
} from '../src/index.js';

const probe = (files: string[], writable = true): ReturnType<typeof chooseAccelerator> =>
  chooseAccelerator({ exists: (path) => files.includes(path), writable: () => writable });

test('KVM only where hardware runs the kernel', () => {
  assert.is(probe(['/dev/kvm', '/sys/module', '/sys/module/kvm_intel']).accelerator, 'kvm');
  assert.is(probe(['/dev/kvm', '/sys/module', '/sys/module/kvm_amd']).accelerator, 'kvm');
  assert.is(probe(['/dev/kvm']).accelerator, 'tcg');
  assert.match(
    probe(['/dev/kvm', '/sys/module', '/sys/module/kvm_amd'], false).reason ?? '',
    /group kvm/,
  );
  assert.match(
    probe(['/dev/kvm', '/sys/module', '/sys/module/kvm_pvm']).reason ?? '',
    /in software/,
  );
  assert.match(probe(['/dev/kvm', '/sys/module']).reason ?? '', /no hardware/);
  assert.match(probe([]).reason ?? '', /no \/dev\/kvm/);
});

test('targets: built, to come, unknown', () => {
  assert.is(parseTarget('qemu'), 'qemu');
  assert.throws(
    () => parseTarget('process'),
    (error: Error) => error instanceof NotBuiltYetError,
  );
  assert.throws(() => parseTarget('micrvm'), /did you mean 'microvm'/);
});

test('amounts', () => {
  assert.is(parseMemory('64M'), 64 << 20);
  assert.is(parseMemory('64'), 64 << 20);
  assert.is(parseMemory('8192k'), 8 << 20);
  assert.is(parseMemory('1GiB'), 1 << 30);
  for (const bad of ['', 'x', '1T', '-1M', '1.5G', '1M', '99999999G'])
    assert.throws(
      () => parseMemory(bad),
      (e: Error) => e instanceof TesseraError,
    );
  assert.is(parseCpus('2'), 2);
  for (const bad of ['0', '-1', '1.5', 'x', '65'])
    assert.throws(
      () => parseCpus(bad),
      (e: Error) => e instanceof TesseraError,
    );
});

test('the machine has no ACPI on microvm, ends at a reset, and speaks on its standard streams', () => {
  const args = qemuArguments({
    target: 'microvm',
    accelerator: 'tcg',
    memoryBytes: 8 << 20,
    cpus: 1,
    kernel: 'K',
    module: 'M',
    extra: ['-foo'],
  });
  const after = (flag: string): string => args[args.indexOf(flag) + 1];
  assert.match(after('-M'), /^microvm,acpi=off/);
  assert.is(after('-m'), '8192K');
  assert.is(after('-initrd'), 'M');
  assert.ok(args.includes('-no-reboot'));
  assert.is(args.at(-1), '-foo');
});

test('nearest word', () => {
  assert.is(nearest('forwrad', ['forward', 'format']), 'forward');
  assert.is(nearest('xyz', ['forward']), undefined);
});

test('an image has defaults for all but its program', () => {
  const image = defineImage({ program: '/bin/true' });
  assert.is(image.target, 'microvm');
  assert.is(image.memoryBytes, 256 << 20);
  assert.is(image.composition.root, 'linux');
});

test.run();
