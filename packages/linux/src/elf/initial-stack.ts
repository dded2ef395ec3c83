/**
 * The stack as a program finds it (AMD64 psABI, section 3.4.1).
 *
 *   high   strings: executable name, environment, arguments; platform; 16 random bytes
 *          padding to 16
 *          auxiliary vector, ends with AT_NULL
 *          environment pointers, 0
 *          argument pointers, 0
 *   low    argument count          <- stack pointer, 16-byte aligned
 *
 * Pure: answers the bytes and where they go.
 */
import { type bytestr, copyStringTo, dataView } from '@tessera/vfs';

export const AT_NULL = 0;
export const AT_PHDR = 3;
export const AT_PHENT = 4;
export const AT_PHNUM = 5;
export const AT_PAGESZ = 6;
export const AT_BASE = 7;
export const AT_FLAGS = 8;
export const AT_ENTRY = 9;
export const AT_UID = 11;
export const AT_EUID = 12;
export const AT_GID = 13;
export const AT_EGID = 14;
export const AT_PLATFORM = 15;
export const AT_HWCAP = 16;
export const AT_CLKTCK = 17;
export const AT_SECURE = 23;
export const AT_RANDOM = 25;
export const AT_HWCAP2 = 26;
export const AT_EXECFN = 31;
export const AT_SYSINFO_EHDR = 33;
export const AT_MINSIGSTKSZ = 51;

export class AuxiliaryEntry {
  readonly type: number;
  readonly value: number;

  constructor(type: number, value: number) {
    this.type = type;
    this.value = value;
  }
}

export class InitialStack {
  readonly bytes: Uint8Array;
  /** Address of `bytes[0]`, and the first stack pointer. */
  readonly stackPointer: number;
  /** Where the strings lie, for /proc/self/cmdline and environ. */
  readonly argumentsStart: number;
  readonly environmentStart: number;
  readonly environmentEnd: number;

  constructor(
    bytes: Uint8Array,
    stackPointer: number,
    argumentsStart: number,
    environmentStart: number,
    environmentEnd: number,
  ) {
    this.bytes = bytes;
    this.stackPointer = stackPointer;
    this.argumentsStart = argumentsStart;
    this.environmentStart = environmentStart;
    this.environmentEnd = environmentEnd;
  }
}

const PLATFORM = 'x86_64';
const HALF = 4294967296;

function stringsBytes(strings: readonly bytestr[]): number {
  let total = 0;
  for (let index = 0; index < strings.length; index++) total += strings[index].length + 1;
  return total;
}

class Writer {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly base: number;

  constructor(base: number, length: number) {
    this.bytes = new Uint8Array(length);
    this.view = dataView(this.bytes);
    this.base = base;
  }

  word(address: number, value: number): void {
    const at = address - this.base;
    const high = Math.trunc(value / HALF);
    this.view.setUint32(at, value - high * HALF, true);
    this.view.setUint32(at + 4, high, true);
  }

  text(address: number, text: bytestr): number {
    copyStringTo(text, this.bytes, address - this.base);
    return address + text.length + 1;
  }

  raw(address: number, from: Uint8Array): void {
    this.bytes.set(from, address - this.base);
  }
}

/**
 * Builds it below `top` (16-byte aligned). AT_RANDOM, AT_PLATFORM, AT_EXECFN and AT_NULL are added here.
 * `randomBytes` has 16.
 */
export function buildInitialStack(
  top: number,
  argv: readonly bytestr[],
  envp: readonly bytestr[],
  auxiliary: readonly AuxiliaryEntry[],
  executable: bytestr,
  randomBytes: Uint8Array,
): InitialStack {
  const textBytes =
    stringsBytes(argv) + stringsBytes(envp) + executable.length + 1 + PLATFORM.length + 1;
  const randomAt = top - 8 - textBytes - 16;
  const words = 1 + argv.length + 1 + envp.length + 1 + (auxiliary.length + 4) * 2;
  let pointer = randomAt - words * 8;
  pointer -= pointer % 16;
  const out = new Writer(pointer, top - pointer);

  let text = randomAt + 16;
  out.raw(randomAt, randomBytes.subarray(0, 16));
  const platformAt = text;
  text = out.text(text, PLATFORM);
  const argumentsStart = text;
  let word = pointer;
  out.word(word, argv.length);
  word += 8;
  for (let index = 0; index < argv.length; index++) {
    out.word(word, text);
    word += 8;
    text = out.text(text, argv[index]);
  }
  word += 8;
  const environmentStart = text;
  for (let index = 0; index < envp.length; index++) {
    out.word(word, text);
    word += 8;
    text = out.text(text, envp[index]);
  }
  word += 8;
  const environmentEnd = text;
  const executableAt = text;
  out.text(text, executable);
  for (let index = 0; index < auxiliary.length; index++) {
    out.word(word, auxiliary[index].type);
    out.word(word + 8, auxiliary[index].value);
    word += 16;
  }
  out.word(word, AT_RANDOM);
  out.word(word + 8, randomAt);
  out.word(word + 16, AT_PLATFORM);
  out.word(word + 24, platformAt);
  out.word(word + 32, AT_EXECFN);
  out.word(word + 40, executableAt);
  // AT_NULL is the zero pair that follows.
  return new InitialStack(out.bytes, pointer, argumentsStart, environmentStart, environmentEnd);
}
