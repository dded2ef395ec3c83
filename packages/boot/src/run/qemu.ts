/** QEMU's command line for a target. Data in, arguments out: `--dry-run` prints what a run would start. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { NotBuiltYetError, TesseraError } from '../errors.js';
import { nearest } from '../nearest.js';
import type { Accelerator } from './accelerator.js';

export const TARGETS_BUILT = ['microvm', 'qemu'] as const;
export const TARGETS_PLANNED = [
  'process',
  'firecracker',
  'xen',
  'vmware',
  'virtualbox',
  'aarch64',
] as const;
export type Target = (typeof TARGETS_BUILT)[number];

/** The target of that name. Throws NotBuiltYetError for one to come, TesseraError for an unknown one. */
export function parseTarget(name: string): Target {
  const built = TARGETS_BUILT.find((target) => target === name);
  if (built) return built;
  if ((TARGETS_PLANNED as readonly string[]).includes(name))
    throw new NotBuiltYetError(`target '${name}'`);
  const close = nearest(name, [...TARGETS_BUILT, ...TARGETS_PLANNED]);
  throw new TesseraError(
    `no target '${name}'${close ? `; did you mean '${close}'?` : ''} (there are: ${TARGETS_BUILT.join(', ')})`,
  );
}

export interface MachineOptions {
  readonly target: Target;
  readonly accelerator: Accelerator;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly kernel: string;
  readonly module: string;
  /** Port of the gdb server; the machine then waits for `continue`. */
  readonly gdbPort?: number | undefined;
  /** One instruction is one nanosecond, so that the time-stamp counter counts instructions. */
  readonly countInstructions?: boolean | undefined;
  /** The user's own arguments, last. */
  readonly extra?: readonly string[] | undefined;
}

/** ACPI off: under TCG a microvm with ACPI has no time source that a kernel could calibrate with. */
const MACHINES: Record<Target, string> = {
  microvm: 'microvm,acpi=off,rtc=on,pic=off,pit=off',
  qemu: 'q35',
};

export function qemuArguments(options: MachineOptions): string[] {
  const accelerator =
    options.accelerator === 'kvm'
      ? 'kvm'
      : options.cpus > 1 && !options.countInstructions
        ? 'tcg,thread=multi'
        : 'tcg';
  return [
    ...['-M', MACHINES[options.target], '-accel', accelerator],
    ...['-cpu', options.accelerator === 'kvm' ? 'host' : 'max'],
    ...['-m', `${Math.ceil(options.memoryBytes / 1024)}K`, '-smp', String(options.cpus)],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-device', 'isa-debug-exit,iobase=0x501,iosize=1'],
    ...['-kernel', options.kernel, '-initrd', options.module],
    ...(options.countInstructions ? ['-icount', 'shift=0,sleep=off'] : []),
    ...(options.gdbPort === undefined ? [] : ['-gdb', `tcp:127.0.0.1:${options.gdbPort}`, '-S']),
    ...(options.extra ?? []),
  ];
}

export function findOnPath(
  name: string,
  path: string = process.env['PATH'] ?? '',
): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder || '.', name))
    .find((candidate) => existsSync(candidate));
}

export interface Command {
  readonly file: string;
  readonly arguments: readonly string[];
}

/**
 * The command that starts QEMU, through util-linux's setpriv where it is there: the kernel then ends QEMU when this process
 * dies, however it dies.
 */
export function qemuCommand(options: MachineOptions): Command {
  const file = findOnPath('qemu-system-x86_64');
  if (!file)
    throw new TesseraError(
      'qemu-system-x86_64 is not installed',
      'apt-get install -y --no-install-recommends qemu-system-x86',
    );
  const args = qemuArguments(options);
  const setpriv = findOnPath('setpriv');
  return setpriv
    ? { file: setpriv, arguments: ['--pdeathsig', 'KILL', '--', file, ...args] }
    : { file, arguments: args };
}
