/** From an image description to the two files that a machine boots: the kernel, and the module with this run's configuration. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aotCompiler } from './compose/aot-compiler.js';
import { buildKernel, type KernelFile } from './compose/kernel-build.js';
import { TesseraError } from './errors.js';
import type { Image } from './image.js';
import {
  BOOT_STRACE,
  BOOT_TTY_ERROR,
  BOOT_TTY_INPUT,
  BOOT_TTY_OUTPUT,
  BOOT_VERBOSE,
} from './kernel/index.js';
import { gatherProgram, type ProgramTree } from './pack/program.js';
import { toByteString, writeBootModule } from './pack/write-image.js';

/** What of the host reaches the program. */
export interface HostView {
  readonly workingDirectory: string;
  readonly searchPath: string;
  readonly rootfs?: string | undefined;
  readonly terminals: {
    readonly input: boolean;
    readonly output: boolean;
    readonly error: boolean;
  };
  readonly rows: number;
  readonly columns: number;
  readonly wallClockMs: number;
}

export interface Flags {
  readonly verbose: boolean;
  readonly strace: boolean;
}

/** Packs the program. Throws NotFoundError (127), NotRunnableError (126), TesseraError (125) before anything boots. */
export function packProgram(image: Image, host: HostView): ProgramTree {
  return gatherProgram({
    program: image.program,
    arguments: image.arguments,
    additions: image.additions,
    rootfs: host.rootfs,
    workingDirectory: host.workingDirectory,
    searchPath: host.searchPath,
    machine: 'x86_64',
  });
}

export function writeModule(
  file: string,
  image: Image,
  packed: ProgramTree,
  host: HostView,
  flags: Flags,
): { bytes: number; rootBytes: number } {
  const bits =
    (host.terminals.input ? BOOT_TTY_INPUT : 0) |
    (host.terminals.output ? BOOT_TTY_OUTPUT : 0) |
    (host.terminals.error ? BOOT_TTY_ERROR : 0) |
    (flags.verbose ? BOOT_VERBOSE : 0) |
    (flags.strace ? BOOT_STRACE : 0);
  const size = (value: number, fallback: number): number =>
    value > 0 && value < 0x10000 ? value : fallback;
  return writeBootModule(file, packed.tree, {
    program: toByteString(packed.program),
    workingDirectory: toByteString(packed.workingDirectory),
    argv: [image.program, ...image.arguments].map(toByteString),
    environment: Object.entries(image.environment).map(([key, value]) =>
      toByteString(`${key}=${value}`),
    ),
    flags: bits,
    rows: size(host.rows, 24),
    columns: size(host.columns, 80),
    wallClockNs: BigInt(Math.round(host.wallClockMs)) * 1_000_000n,
    seed: randomBytes(32),
  });
}

/** The kernel for an image: TESSERA_KERNEL if set (for work on the kernel itself), the cache, or compiled now. */
export async function kernelFor(image: Image): Promise<KernelFile> {
  const own = process.env['TESSERA_KERNEL'];
  if (own) {
    if (!existsSync(own))
      throw new TesseraError(`TESSERA_KERNEL names ${own}, which does not exist`);
    return {
      path: own,
      key: 'TESSERA_KERNEL',
      bytes: statSync(own).size,
      cached: true,
      seconds: 0,
    };
  }
  return buildKernel(image.composition, await aotCompiler(), 'release');
}

/** A folder for this run's files, gone at the latest when the process exits. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'tessera-'));
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(path, { recursive: true, force: true });
  };
  process.on('exit', remove);
  return { path, remove };
}
