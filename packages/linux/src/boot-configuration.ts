/**
 * What the host tells the kernel about this run. The kernel is compiled per composition, never per program, so all that
 * differs from run to run travels beside it, in the first PVH module (QEMU: the initrd):
 *
 *     page 0...   boot configuration, zeros up to a page boundary
 *     then        the packed root file system (see vfs), page aligned, to be used in place
 *
 *     0 magic "TESSBOOT"  8 version u32  12 configuration bytes u32 (a multiple of 4096)  16 root bytes u64
 *     24 wall clock, nanoseconds since 1970, u64   32 seed, 32 bytes   64 flags u32   68 rows u16   70 columns u16
 *     72 argument count u32  76 environment count u32
 *     80 strings, each u32 length and the bytes: program path, working directory, arguments, environment
 *
 * Integers are little endian. The reader believes nothing: a configuration that is cut off or lies is `undefined`.
 */

import type { bytestr, u64 } from '@tessera/machine';
import { dataView } from '@tessera/vfs';

export const BOOT_PAGE_BYTES = 4096;
export const BOOT_VERSION = 1;
const MAGIC_LOW = 0x53534554;
const MAGIC_HIGH = 0x544f4f42;
const STRINGS_AT = 80;
const SEED_BYTES = 32;
/** More than any host's argument limit; keeps a hostile count from costing memory. */
const STRINGS_MAX = 65536;

/** Descriptors 0, 1 and 2 are a terminal. */
export const BOOT_TTY_INPUT = 1;
export const BOOT_TTY_OUTPUT = 2;
export const BOOT_TTY_ERROR = 4;
/** Kernel messages are wanted. */
export const BOOT_VERBOSE = 8;
/** Every system call is to be reported. */
export const BOOT_STRACE = 16;

export interface BootConfiguration {
  readonly program: bytestr;
  readonly workingDirectory: bytestr;
  readonly argv: bytestr[];
  readonly environment: bytestr[];
  readonly flags: number;
  readonly rows: number;
  readonly columns: number;
  readonly wallClockNs: u64;
  /** 32 bytes for the random generator, where the machine has no source of its own. */
  readonly seed: Uint8Array;
  readonly rootBytes: number;
}

export interface ParsedBootConfiguration {
  readonly configuration: BootConfiguration;
  /** Bytes from the start of the module to the root file system. */
  readonly rootOffset: number;
}

function setWide(view: DataView, at: number, value: u64): void {
  view.setUint32(at, Number(BigInt.asUintN(32, value)), true);
  view.setUint32(at + 4, Number(BigInt.asUintN(32, BigInt.asUintN(64, value) >> 32n)), true);
}

function getWide(view: DataView, at: number): u64 {
  const low = BigInt(view.getUint32(at, true));
  const high = BigInt(view.getUint32(at + 4, true));
  return BigInt.asUintN(64, BigInt.asUintN(64, high << 32n) | low);
}

function putString(view: DataView, at: number, text: bytestr): number {
  view.setUint32(at, text.length, true);
  for (let index = 0; index < text.length; index++) {
    view.setUint8(at + 4 + index, text.charCodeAt(index) & 0xff);
  }
  return at + 4 + text.length;
}

/** The configuration's bytes, a multiple of a page; the root file system follows them. */
export function writeBootConfiguration(configuration: BootConfiguration): Uint8Array {
  const strings: bytestr[] = [configuration.program, configuration.workingDirectory];
  for (const argument of configuration.argv) strings.push(argument);
  for (const entry of configuration.environment) strings.push(entry);
  let used = STRINGS_AT;
  for (const text of strings) used += 4 + text.length;
  const pages = Math.trunc((used + BOOT_PAGE_BYTES - 1) / BOOT_PAGE_BYTES);
  const bytes = new Uint8Array(pages * BOOT_PAGE_BYTES);
  const view = dataView(bytes);
  view.setUint32(0, MAGIC_LOW, true);
  view.setUint32(4, MAGIC_HIGH, true);
  view.setUint32(8, BOOT_VERSION, true);
  view.setUint32(12, bytes.length, true);
  setWide(view, 16, BigInt(configuration.rootBytes));
  setWide(view, 24, configuration.wallClockNs);
  for (let index = 0; index < SEED_BYTES; index++) bytes[32 + index] = configuration.seed[index];
  view.setUint32(64, configuration.flags, true);
  view.setUint16(68, configuration.rows, true);
  view.setUint16(70, configuration.columns, true);
  view.setUint32(72, configuration.argv.length, true);
  view.setUint32(76, configuration.environment.length, true);
  let at = STRINGS_AT;
  for (const text of strings) at = putString(view, at, text);
  return bytes;
}

class StringReader {
  private readonly view: DataView;
  private readonly end: number;
  private at: number = STRINGS_AT;
  failed = false;

  constructor(view: DataView, end: number) {
    this.view = view;
    this.end = end;
  }

  next(): bytestr {
    if (this.failed || this.at + 4 > this.end) {
      this.failed = true;
      return '';
    }
    const length = this.view.getUint32(this.at, true);
    if (this.at + 4 + length > this.end) {
      this.failed = true;
      return '';
    }
    let text = '';
    for (let index = 0; index < length; index++) {
      text += String.fromCharCode(this.view.getUint8(this.at + 4 + index));
    }
    this.at += 4 + length;
    return text;
  }

  list(count: number): bytestr[] {
    const all: bytestr[] = [];
    for (let index = 0; index < count && !this.failed; index++) all.push(this.next());
    return all;
  }
}

/** Reads a module; undefined when it is no boot configuration of this version, or is cut off. */
export function readBootConfiguration(module: Uint8Array): ParsedBootConfiguration | undefined {
  if (module.length < BOOT_PAGE_BYTES) return undefined;
  const view = dataView(module);
  if (view.getUint32(0, true) !== MAGIC_LOW || view.getUint32(4, true) !== MAGIC_HIGH)
    return undefined;
  if (view.getUint32(8, true) !== BOOT_VERSION) return undefined;
  const rootOffset = view.getUint32(12, true);
  if (rootOffset < BOOT_PAGE_BYTES || rootOffset % BOOT_PAGE_BYTES !== 0) return undefined;
  const rootWide = getWide(view, 16);
  if (rootOffset > module.length || rootWide > BigInt(module.length - rootOffset)) return undefined;
  const argumentCount = view.getUint32(72, true);
  const environmentCount = view.getUint32(76, true);
  if (argumentCount > STRINGS_MAX || environmentCount > STRINGS_MAX) return undefined;
  const reader = new StringReader(view, rootOffset);
  const program = reader.next();
  const workingDirectory = reader.next();
  const argv = reader.list(argumentCount);
  const environment = reader.list(environmentCount);
  if (reader.failed) return undefined;
  return {
    configuration: {
      program,
      workingDirectory,
      argv,
      environment,
      flags: view.getUint32(64, true),
      rows: view.getUint16(68, true),
      columns: view.getUint16(70, true),
      wallClockNs: getWide(view, 24),
      seed: module.slice(32, 32 + SEED_BYTES),
      rootBytes: Number(rootWide),
    },
    rootOffset,
  };
}
