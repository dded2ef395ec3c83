/** The options that `run` and `build` share, from the command line to values; those to come are known and refused. */
import { resolve } from 'node:path';
import {
  type Accelerator,
  type Addition,
  MEMORY_DEFAULT,
  NotBuiltYetError,
  parseCpus,
  parseMemory,
  parseTarget,
  type Target,
  TesseraError,
} from '@tessera/boot';
import { type Command, Option } from 'commander';

export interface MachineChoice {
  readonly target: Target;
  /** undefined: the best that this host has. */
  readonly accelerator: Accelerator | undefined;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly additions: readonly Addition[];
  readonly environment: Readonly<Record<string, string>>;
  readonly rootfs: string | undefined;
  readonly qemuArguments: readonly string[];
  readonly strace: boolean;
  readonly dryRun: boolean;
  readonly gdb: boolean;
  readonly verbose: boolean;
}

const collect = (value: string, all: string[]): string[] => [...all, value];

/** Known options that no code stands behind yet: given, they fail and say so. */
const PLANNED: readonly {
  readonly flags: string;
  readonly key: string;
  readonly name: string;
  readonly accepts?: string;
}[] = [
  { flags: '--forward <host:guest>', key: 'forward', name: '--forward' },
  { flags: '--net <kind>', key: 'net', name: '--net', accepts: 'none' },
  { flags: '--disk <file>', key: 'disk', name: '--disk' },
  { flags: '--volume <host:guest>', key: 'volume', name: '--volume' },
  { flags: '--fs <kind>', key: 'fs', name: '--fs', accepts: 'ramfs' },
  { flags: '--image <file>', key: 'image', name: '--image' },
  { flags: '--learn', key: 'learn', name: '--learn' },
  { flags: '--api <port>', key: 'api', name: '--api' },
  { flags: '--jvm-debug [port]', key: 'jvmDebug', name: '--jvm-debug' },
];

export function addMachineOptions(command: Command): Command {
  command
    .option('--target <target>', 'microvm or qemu', 'microvm')
    .option(
      '--accel <accelerator>',
      'kvm or tcg (default: kvm where it runs kernels at native speed)',
    )
    .option('--memory <amount>', 'memory of the machine, such as 64M', MEMORY_DEFAULT)
    .option('--cpus <count>', 'number of CPUs', '1')
    .option('--add <host[:guest]>', 'pack a file or folder as well (repeatable)', collect, [])
    .option('--env <name[=value]>', "set a variable, or pass the host's (repeatable)", collect, [])
    .option('--rootfs <folder>', 'use this folder as the root file system')
    .option(
      '--qemu-args <arguments>',
      'more arguments for QEMU, split at spaces (repeatable)',
      collect,
      [],
    )
    .option('--strace', 'report every system call on stderr')
    .option('--dry-run', 'show what would be packed and started')
    .option('--gdb', 'wait for a debugger')
    .option('--verbose', 'show kernel messages, sizes and times on stderr');
  for (const { flags } of PLANNED) command.addOption(new Option(flags).hideHelp());
  return command;
}

function addition(text: string): Addition {
  const colon = text.lastIndexOf(':');
  const host = resolve(colon > 0 ? text.slice(0, colon) : text);
  const guest = colon > 0 ? text.slice(colon + 1) : host;
  if (!guest.startsWith('/'))
    throw new TesseraError(`--add ${text}: the path in the image must be absolute`);
  return { host, guest: guest.length > 1 ? guest.replace(/\/+$/, '') : guest };
}

/** PATH, HOME, TERM and what was asked for; nothing else of the host. */
export function environmentOf(
  requests: readonly string[],
  host: NodeJS.ProcessEnv,
): Record<string, string> {
  const environment: Record<string, string> = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    TERM: host['TERM'] ?? 'dumb',
  };
  for (const request of requests) {
    const equals = request.indexOf('=');
    const name = equals < 0 ? request : request.slice(0, equals);
    if (name === '') throw new TesseraError(`--env ${request}: a variable needs a name`);
    const value = equals < 0 ? host[name] : request.slice(equals + 1);
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

function accelerator(value: unknown): Accelerator | undefined {
  if (value === undefined || value === 'kvm' || value === 'tcg') return value;
  throw new TesseraError(`'${value}' is no accelerator (kvm or tcg)`);
}

/** Values of the options. Throws TesseraError (125). */
export function readMachineOptions(
  given: Record<string, unknown>,
  host: NodeJS.ProcessEnv,
): MachineChoice {
  for (const planned of PLANNED) {
    const value = given[planned.key];
    if (value !== undefined && value !== planned.accepts) {
      throw new NotBuiltYetError(planned.accepts ? `${planned.name} ${value}` : planned.name);
    }
  }
  const text = (key: string): string => String(given[key]);
  const list = (key: string): string[] => (given[key] as string[] | undefined) ?? [];
  return {
    target: parseTarget(text('target')),
    accelerator: accelerator(given['accel']),
    memoryBytes: parseMemory(text('memory')),
    cpus: parseCpus(text('cpus')),
    additions: list('add').map(addition),
    environment: environmentOf(list('env'), host),
    rootfs: given['rootfs'] === undefined ? undefined : resolve(text('rootfs')),
    qemuArguments: list('qemuArgs').flatMap((one) => one.split(/\s+/).filter(Boolean)),
    strace: given['strace'] === true,
    dryRun: given['dryRun'] === true,
    gdb: given['gdb'] === true,
    verbose: given['verbose'] === true,
  };
}
