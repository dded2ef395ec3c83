/**
 * ELF64: headers of an executable, checked.
 *
 * Follows the System V gABI, chapters 4 and 5, and the AMD64 psABI. The file may be hostile: everything is read through
 * bounds-checked accessors, sizes that do not fit an int are refused, and what comes out needs no further checks:
 * segments are page-congruent, ordered, do not overlap, and lie below 2^47.
 */
import { dataView } from '@tessera/vfs';
export const PAGE_BYTES = 4096;
/** Program addresses lie below this. */
const ADDRESS_END = 0x7fffffff0000;
const HALF = 4294967296;
/** As many program headers as Linux takes: one page-sized table of 56-byte entries and more. */
const PROGRAM_HEADERS_MAX = 1170;
const INTERPRETER_BYTES_MAX = 4096;

export const ELF_HEADER_BYTES = 64;
export const PROGRAM_HEADER_BYTES = 56;

export const SEGMENT_EXECUTE = 1;
export const SEGMENT_WRITE = 2;
export const SEGMENT_READ = 4;

const TYPE_EXECUTABLE = 2;
const TYPE_SHARED = 3;
const MACHINE_X86_64 = 62;
const SEGMENT_LOAD = 1;
const SEGMENT_INTERPRETER = 3;
const SEGMENT_HEADERS = 6;
const SEGMENT_STACK = 0x6474e551;

export class ElfSegment {
  readonly address: number;
  readonly memoryBytes: number;
  readonly fileOffset: number;
  readonly fileBytes: number;
  /** SEGMENT_READ, SEGMENT_WRITE, SEGMENT_EXECUTE. */
  readonly access: number;

  constructor(
    address: number,
    memoryBytes: number,
    fileOffset: number,
    fileBytes: number,
    access: number,
  ) {
    this.address = address;
    this.memoryBytes = memoryBytes;
    this.fileOffset = fileOffset;
    this.fileBytes = fileBytes;
    this.access = access;
  }
}

export class ElfImage {
  /** ET_EXEC: addresses are absolute. Otherwise they are relative to a base of choice. */
  readonly fixed: boolean;
  readonly entry: number;
  readonly segments: ElfSegment[];
  /** Where the program headers are in memory, relative like the segments; 0 if they are not loaded. */
  readonly headersAddress: number;
  readonly headerCount: number;
  /** Offset and length of the interpreter's path in the file; length 0 if there is none. */
  readonly interpreterOffset: number;
  readonly interpreterBytes: number;
  readonly executableStack: boolean;

  constructor(
    fixed: boolean,
    entry: number,
    segments: ElfSegment[],
    headersAddress: number,
    headerCount: number,
    interpreterOffset: number,
    interpreterBytes: number,
    executableStack: boolean,
  ) {
    this.fixed = fixed;
    this.entry = entry;
    this.segments = segments;
    this.headersAddress = headersAddress;
    this.headerCount = headerCount;
    this.interpreterOffset = interpreterOffset;
    this.interpreterBytes = interpreterBytes;
    this.executableStack = executableStack;
  }

  /** Lowest address, at a page boundary. */
  start(): number {
    return pageDown(this.segments[0].address);
  }

  /** End of the highest segment, at a page boundary. */
  end(): number {
    const last = this.segments[this.segments.length - 1];
    return pageUp(last.address + last.memoryBytes);
  }
}

/** Why a file is not an executable for this machine, in words for the user. */
export class ElfError {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

export function pageDown(address: number): number {
  return address - (address % PAGE_BYTES);
}

export function pageUp(address: number): number {
  return pageDown(address + PAGE_BYTES - 1);
}

/** Where the program headers are, from the first 64 bytes of the file. */
export class ElfHeader {
  readonly type: number;
  readonly entry: number;
  readonly tableOffset: number;
  readonly count: number;

  constructor(type: number, entry: number, tableOffset: number, count: number) {
    this.type = type;
    this.entry = entry;
    this.tableOffset = tableOffset;
    this.count = count;
  }
}

/** A 64-bit field as an int; -1 from 2^53 on. Precondition: 8 bytes at `offset` are inside. */
function wide(view: DataView, offset: number): number {
  const high = view.getUint32(offset + 4, true);
  return high >= 2097152 ? -1 : high * HALF + view.getUint32(offset, true);
}

/** Reads the file header. `bytes` are the first bytes of the file. */
export function parseElfHeader(bytes: Uint8Array): ElfHeader | ElfError {
  if (
    bytes.length < 4 ||
    bytes[0] !== 0x7f ||
    bytes[1] !== 0x45 ||
    bytes[2] !== 0x4c ||
    bytes[3] !== 0x46
  ) {
    return new ElfError('not an ELF executable');
  }
  if (bytes.length < ELF_HEADER_BYTES) return new ElfError('truncated ELF header');
  if (bytes[4] === 1) return new ElfError('a 32-bit executable (only 64-bit ones run here)');
  if (bytes[4] !== 2 || bytes[6] !== 1) return new ElfError('an ELF file of an unknown kind');
  if (bytes[5] !== 1) return new ElfError('a big-endian executable');
  const view = dataView(bytes);
  const machine = view.getUint16(18, true);
  if (machine !== MACHINE_X86_64)
    return new ElfError('built for ' + machineName(machine) + ', not for x86-64');
  const type = view.getUint16(16, true);
  if (type !== TYPE_EXECUTABLE && type !== TYPE_SHARED)
    return new ElfError('an ELF file that is not executable');
  const count = view.getUint16(56, true);
  if (count === 0 || count > PROGRAM_HEADERS_MAX) return new ElfError('no usable program headers');
  if (view.getUint16(54, true) !== PROGRAM_HEADER_BYTES)
    return new ElfError('program headers of a wrong size');
  const tableOffset = wide(view, 32);
  const entry = wide(view, 24);
  if (tableOffset < 0) return new ElfError('program headers outside of the file');
  if (entry < 0 || entry >= ADDRESS_END)
    return new ElfError('an entry point outside of the address space');
  return new ElfHeader(type, entry, tableOffset, count);
}

function machineName(machine: number): string {
  switch (machine) {
    case 3:
      return 'i386';
    case 20:
      return 'PowerPC';
    case 21:
      return 'PowerPC64';
    case 22:
      return 's390';
    case 40:
      return 'ARM';
    case 183:
      return 'aarch64';
    case 243:
      return 'RISC-V';
    default:
      return 'machine ' + machine.toString();
  }
}

/** Reads the program headers. `table` holds `header.count` of them; `fileBytes` is the size of the file. */
export function parseElfSegments(
  header: ElfHeader,
  table: Uint8Array,
  fileBytes: number,
): ElfImage | ElfError {
  if (table.length < header.count * PROGRAM_HEADER_BYTES)
    return new ElfError('truncated program headers');
  const view = dataView(table);
  const segments: ElfSegment[] = [];
  let headersAddress = 0;
  let interpreterOffset = 0;
  let interpreterBytes = 0;
  let executableStack = true;
  let previousEnd = 0;
  for (let index = 0; index < header.count; index++) {
    const at = index * PROGRAM_HEADER_BYTES;
    const type = view.getUint32(at, true);
    const access = view.getUint32(at + 4, true) & 7;
    const offset = wide(view, at + 8);
    const address = wide(view, at + 16);
    const inFile = wide(view, at + 32);
    const inMemory = wide(view, at + 40);
    if (type === SEGMENT_STACK) executableStack = (access & SEGMENT_EXECUTE) !== 0;
    if (type === SEGMENT_HEADERS && address >= 0) headersAddress = address;
    if (type === SEGMENT_INTERPRETER) {
      if (
        inFile < 2 ||
        inFile > INTERPRETER_BYTES_MAX ||
        offset < 0 ||
        offset + inFile > fileBytes
      ) {
        return new ElfError('a bad interpreter name');
      }
      interpreterOffset = offset;
      interpreterBytes = inFile;
    }
    if (type !== SEGMENT_LOAD || inMemory === 0) continue;
    if (offset < 0 || address < 0 || inFile < 0 || inMemory < 0)
      return new ElfError('a segment out of range');
    if (inFile > inMemory) return new ElfError('a segment larger in the file than in memory');
    if (inMemory > ADDRESS_END || address > ADDRESS_END - inMemory)
      return new ElfError('a segment out of range');
    if (inFile > fileBytes || offset > fileBytes - inFile)
      return new ElfError('truncated: a segment ends past the file');
    if (offset % PAGE_BYTES !== address % PAGE_BYTES)
      return new ElfError('a segment that is not page-aligned');
    if (segments.length > 0 && pageDown(address) < previousEnd)
      return new ElfError('segments that overlap');
    previousEnd = pageUp(address + inMemory);
    segments.push(new ElfSegment(address, inMemory, offset, inFile, access));
    if (headersAddress === 0 && offset <= header.tableOffset) {
      const within = header.tableOffset - offset;
      if (within + header.count * PROGRAM_HEADER_BYTES <= inFile) headersAddress = address + within;
    }
  }
  if (segments.length === 0) return new ElfError('nothing to load');
  const fixed = header.type === TYPE_EXECUTABLE;
  if (fixed && segments[0].address < 0x10000) return new ElfError('a segment in the first 64 KiB');
  return new ElfImage(
    fixed,
    header.entry,
    segments,
    headersAddress,
    header.count,
    interpreterOffset,
    interpreterBytes,
    executableStack,
  );
}
