/**
 * The typed description of an image, what `tessera.config.ts` exports:
 *
 *     export default defineImage({ target: 'microvm', program: '/bin/busybox', arguments: ['sh'], subsystems: standard() });
 */
import type { Subsystem } from './compose/descriptor.js';
import type { Composition } from './compose/resolve.js';
import { resolveComposition } from './compose/resolve.js';
import { PROGRAM_CONTRACT, standard } from './compose/standard.js';
import { TesseraError } from './errors.js';
import type { Addition } from './pack/program.js';
import { parseTarget, type Target } from './run/qemu.js';

export interface ImageOptions {
  readonly target?: Target;
  readonly program: string;
  readonly arguments?: readonly string[];
  /** Text such as '64M', or bytes. */
  readonly memory?: string | number;
  readonly cpus?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly additions?: readonly Addition[];
  readonly subsystems?: readonly Subsystem[];
}

export interface Image {
  readonly target: Target;
  readonly program: string;
  readonly arguments: readonly string[];
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly additions: readonly Addition[];
  readonly composition: Composition;
}

export const MEMORY_DEFAULT: string = '256M';
const MEMORY_MIN_BYTES: number = 2 * 1024 * 1024;
const MEMORY_MAX_BYTES: number = 1024 * 1024 * 1024 * 1024;
const CPUS_MAX = 64;
const UNITS: Readonly<Record<string, number>> = {
  '': 1024 ** 2,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
};

/** '64M', '1G', '8192K'; a bare number is MiB, as in QEMU. Throws TesseraError. */
export function parseMemory(text: string): number {
  const match = /^(\d+)([kmg]?)(?:i?b)?$/i.exec(text.trim());
  if (!match) throw new TesseraError(`'${text}' is no amount of memory (like 64M or 1G)`);
  return checkMemory(Number(match[1]) * UNITS[match[2].toLowerCase()], text);
}

function checkMemory(bytes: number, text: string | number): number {
  if (!Number.isSafeInteger(bytes) || bytes < MEMORY_MIN_BYTES)
    throw new TesseraError(
      `${text} is too little memory; the least is ${MEMORY_MIN_BYTES / 1024 ** 2}M`,
    );
  if (bytes > MEMORY_MAX_BYTES)
    throw new TesseraError(`${text} is more memory than a machine can have here (1024G)`);
  return bytes;
}

export function parseCpus(value: string | number): number {
  const cpus = Number(value);
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > CPUS_MAX)
    throw new TesseraError(`'${value}' is no number of CPUs (1 to ${CPUS_MAX})`);
  return cpus;
}

/** Checks a description and fills the defaults in. Throws TesseraError. */
export function defineImage(options: ImageOptions): Image {
  const memory = options.memory ?? MEMORY_DEFAULT;
  return {
    target: parseTarget(options.target ?? 'microvm'),
    program: options.program,
    arguments: options.arguments ?? [],
    memoryBytes: typeof memory === 'number' ? checkMemory(memory, memory) : parseMemory(memory),
    cpus: parseCpus(options.cpus ?? 1),
    environment: options.environment ?? {},
    additions: options.additions ?? [],
    composition: resolveComposition(options.subsystems ?? standard(), PROGRAM_CONTRACT),
  };
}
