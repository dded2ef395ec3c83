/**
 * Puts an executable into an address space and builds its first stack.
 *
 * The plan (which bytes of which file go where) is made by `elf.ts`; here it is carried out through `AddressSpace.map`,
 * so that text is mapped from the page cache and nothing is copied. A dynamic executable brings its interpreter, which is
 * loaded beside it and started instead; it finds the program through the auxiliary vector.
 */
import {
  Attributes,
  bytesToString,
  type bytestr,
  checkAccess,
  EACCES,
  EIO,
  ENOEXEC,
  ENOMEM,
  Failure,
  failure,
  MAY_EXECUTE,
  type Namespace,
  O_RDONLY,
  type OpenFile,
  type Place,
  S_IFREG,
} from '@tessera/vfs';
import {
  type AddressSpace,
  type FilePager,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_STACK,
  type PagerSource,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  type Random,
  type UserMemory,
} from '../contract.js';
import { PIE_BASE, STACK_BYTES } from '../limits.js';
import {
  ELF_HEADER_BYTES,
  ElfError,
  type ElfImage,
  type ElfSegment,
  PAGE_BYTES,
  PROGRAM_HEADER_BYTES,
  pageDown,
  pageUp,
  parseElfHeader,
  parseElfSegments,
  SEGMENT_EXECUTE,
  SEGMENT_READ,
  SEGMENT_WRITE,
} from './elf.js';
import {
  AT_BASE,
  AT_CLKTCK,
  AT_EGID,
  AT_ENTRY,
  AT_EUID,
  AT_FLAGS,
  AT_GID,
  AT_HWCAP,
  AT_MINSIGSTKSZ,
  AT_PAGESZ,
  AT_PHDR,
  AT_PHENT,
  AT_PHNUM,
  AT_SECURE,
  AT_UID,
  AuxiliaryEntry,
  buildInitialStack,
} from './initial-stack.js';

/** An error for the system call, with the words for the user. */
export class LoadFailure {
  readonly errno: number;
  readonly reason: string;

  constructor(errno: number, reason: string) {
    this.errno = errno;
    this.reason = reason;
  }
}

/** An opened executable whose headers have been checked. */
export class Executable {
  readonly file: OpenFile;
  readonly image: ElfImage;
  readonly path: bytestr;
  /** The program interpreter, if it names one. */
  readonly interpreter: Executable | undefined;

  constructor(file: OpenFile, image: ElfImage, path: bytestr, interpreter: Executable | undefined) {
    this.file = file;
    this.image = image;
    this.path = path;
    this.interpreter = interpreter;
  }

  release(): void {
    this.file.release();
    if (this.interpreter !== undefined) this.interpreter.release();
  }
}

/** What the first thread starts with. */
export class LoadedProgram {
  readonly entry: number;
  readonly stackPointer: number;
  readonly argumentsStart: number;
  readonly environmentStart: number;
  readonly environmentEnd: number;
  readonly breakStart: number;

  constructor(
    entry: number,
    stackPointer: number,
    argumentsStart: number,
    environmentStart: number,
    environmentEnd: number,
    breakStart: number,
  ) {
    this.entry = entry;
    this.stackPointer = stackPointer;
    this.argumentsStart = argumentsStart;
    this.environmentStart = environmentStart;
    this.environmentEnd = environmentEnd;
    this.breakStart = breakStart;
  }
}

/** Opens a file that may be executed. */
export function openForExecution(
  namespace: Namespace,
  place: Place,
  path: bytestr,
): OpenFile | Failure {
  const opened = namespace.open(place, place.cwd, path, O_RDONLY, 0);
  if (opened instanceof Failure) return opened;
  const attributes = new Attributes();
  opened.stat(attributes);
  if ((attributes.mode & 0o170000) !== S_IFREG) {
    opened.release();
    return failure(EACCES);
  }
  if (checkAccess(attributes, place.credentials, MAY_EXECUTE) < 0) {
    opened.release();
    return failure(EACCES);
  }
  return opened;
}

/** Reads exactly `bytes` at `offset`; fewer at the end of the file. */
export function readFully(file: OpenFile, offset: number, bytes: number): Uint8Array | Failure {
  const buffer = new Uint8Array(bytes);
  let done = 0;
  while (done < bytes) {
    const count = file.readAt(offset + done, buffer.subarray(done, bytes));
    if (count < 0) return failure(-count);
    if (count === 0) break;
    done += count;
  }
  return buffer.subarray(0, done);
}

/** Checks the headers of `file`, which it takes: on failure it is released. */
export function inspectExecutable(
  namespace: Namespace,
  place: Place,
  file: OpenFile,
  path: bytestr,
): Executable | LoadFailure {
  const image = readImage(file);
  if (image instanceof LoadFailure) {
    file.release();
    return image;
  }
  if (image.interpreterBytes === 0) return new Executable(file, image, path, undefined);
  const name = readFully(file, image.interpreterOffset, image.interpreterBytes);
  if (
    name instanceof Failure ||
    name.length < image.interpreterBytes ||
    name[name.length - 1] !== 0
  ) {
    file.release();
    return new LoadFailure(ENOEXEC, 'a bad interpreter name');
  }
  const interpreterPath = bytesToString(name, 0, name.length - 1);
  const interpreterFile = openForExecution(namespace, place, interpreterPath);
  if (interpreterFile instanceof Failure) {
    file.release();
    return new LoadFailure(
      interpreterFile.errno,
      'its interpreter ' + interpreterPath + ' is missing',
    );
  }
  const interpreter = readImage(interpreterFile);
  if (interpreter instanceof LoadFailure) {
    file.release();
    interpreterFile.release();
    return interpreter;
  }
  return new Executable(
    file,
    image,
    path,
    new Executable(interpreterFile, interpreter, interpreterPath, undefined),
  );
}

function readImage(file: OpenFile): ElfImage | LoadFailure {
  const attributes = new Attributes();
  file.stat(attributes);
  const first = readFully(file, 0, ELF_HEADER_BYTES);
  if (first instanceof Failure) return new LoadFailure(EIO, 'cannot be read');
  const header = parseElfHeader(first);
  if (header instanceof ElfError) return new LoadFailure(ENOEXEC, header.reason);
  const table = readFully(file, header.tableOffset, header.count * PROGRAM_HEADER_BYTES);
  if (table instanceof Failure) return new LoadFailure(EIO, 'cannot be read');
  const image = parseElfSegments(header, table, attributes.size);
  if (image instanceof ElfError) return new LoadFailure(ENOEXEC, image.reason);
  return image;
}

function protectionOf(segment: ElfSegment): number {
  let protection = PROT_NONE;
  if ((segment.access & SEGMENT_READ) !== 0) protection |= PROT_READ;
  if ((segment.access & SEGMENT_WRITE) !== 0) protection |= PROT_WRITE;
  if ((segment.access & SEGMENT_EXECUTE) !== 0) protection |= PROT_EXEC;
  return protection;
}

export class Loader {
  private readonly space: AddressSpace;
  private readonly memory: UserMemory;
  private readonly pagers: PagerSource;

  constructor(space: AddressSpace, memory: UserMemory, pagers: PagerSource) {
    this.space = space;
    this.memory = memory;
    this.pagers = pagers;
  }

  /** Loads the program, its interpreter and the first stack; 0 or -errno goes with the reason. */
  load(
    executable: Executable,
    argv: readonly bytestr[],
    envp: readonly bytestr[],
    place: Place,
    random: Random,
    hardwareCapabilities: number,
    minimumSignalStackBytes: number,
  ): LoadedProgram | LoadFailure {
    const image = executable.image;
    const bias = this.mapImage(executable, image.fixed ? 0 : PIE_BASE - image.start());
    if (bias < 0) return this.refused(executable, -bias);
    let entry = image.entry + bias;
    let interpreterBase = 0;
    const interpreter = executable.interpreter;
    if (interpreter !== undefined) {
      const hint = interpreter.image.fixed ? 0 : this.reserve(interpreter.image);
      if (hint < 0) return this.refused(interpreter, -hint);
      const interpreterBias = this.mapImage(
        interpreter,
        interpreter.image.fixed ? 0 : hint - interpreter.image.start(),
      );
      if (interpreterBias < 0) return this.refused(interpreter, -interpreterBias);
      interpreterBase = interpreterBias;
      entry = interpreter.image.entry + interpreterBias;
    }
    const breakStart = image.end() + bias;
    this.space.initialiseBreak(breakStart);
    const stack = this.space.map({
      address: 0,
      bytes: STACK_BYTES,
      protection: PROT_READ | PROT_WRITE | (image.executableStack ? PROT_EXEC : 0),
      flags: MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE,
      pager: undefined,
      offset: 0,
      name: '[stack]',
    });
    if (stack < 0) return new LoadFailure(-stack, 'no room for its stack');
    const who = place.credentials;
    const auxiliary: AuxiliaryEntry[] = [
      new AuxiliaryEntry(AT_HWCAP, hardwareCapabilities),
      new AuxiliaryEntry(AT_PAGESZ, PAGE_BYTES),
      new AuxiliaryEntry(AT_CLKTCK, 100),
      new AuxiliaryEntry(AT_PHDR, image.headersAddress === 0 ? 0 : image.headersAddress + bias),
      new AuxiliaryEntry(AT_PHENT, PROGRAM_HEADER_BYTES),
      new AuxiliaryEntry(AT_PHNUM, image.headerCount),
      new AuxiliaryEntry(AT_BASE, interpreterBase),
      new AuxiliaryEntry(AT_FLAGS, 0),
      new AuxiliaryEntry(AT_ENTRY, image.entry + bias),
      new AuxiliaryEntry(AT_UID, who.uid),
      new AuxiliaryEntry(AT_EUID, who.uid),
      new AuxiliaryEntry(AT_GID, who.gid),
      new AuxiliaryEntry(AT_EGID, who.gid),
      new AuxiliaryEntry(AT_SECURE, 0),
      new AuxiliaryEntry(AT_MINSIGSTKSZ, minimumSignalStackBytes),
    ];
    const seed = new Uint8Array(16);
    random.fill(seed);
    const initial = buildInitialStack(
      stack + STACK_BYTES,
      argv,
      envp,
      auxiliary,
      executable.path,
      seed,
    );
    if (!this.memory.copyOut(initial.stackPointer, initial.bytes, initial.bytes.length)) {
      return new LoadFailure(ENOMEM, 'no memory for its stack');
    }
    return new LoadedProgram(
      entry,
      initial.stackPointer,
      initial.argumentsStart,
      initial.environmentStart,
      initial.environmentEnd,
      breakStart,
    );
  }

  private refused(executable: Executable, errno: number): LoadFailure {
    const reason =
      errno === ENOMEM && executable.image.fixed
        ? 'its addresses are taken, or memory is short'
        : 'it could not be mapped';
    return new LoadFailure(errno, reason);
  }

  /** Finds room for a whole image; its segments are mapped over the reservation. */
  private reserve(image: ElfImage): number {
    return this.space.map({
      address: 0,
      bytes: image.end() - image.start(),
      protection: PROT_NONE,
      flags: MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
      pager: undefined,
      offset: 0,
      name: '',
    });
  }

  /** Maps all segments at `bias`; answers the bias or -errno. */
  private mapImage(executable: Executable, bias: number): number {
    const node = executable.file.vnode();
    const pager = node === undefined ? undefined : this.pagers.pagerFor(node, false);
    if (pager === undefined) return -ENOEXEC;
    const segments = executable.image.segments;
    for (let index = 0; index < segments.length; index++) {
      const status = this.mapSegment(segments[index], bias, pager, executable.path);
      if (status < 0) return status;
    }
    return bias;
  }

  private mapSegment(segment: ElfSegment, bias: number, pager: FilePager, name: bytestr): number {
    const protection = protectionOf(segment);
    const address = segment.address + bias;
    const start = pageDown(address);
    const fileEnd = address + segment.fileBytes;
    const memoryEnd = pageUp(address + segment.memoryBytes);
    let mappedEnd = start;
    if (segment.fileBytes > 0) {
      mappedEnd = pageUp(fileEnd);
      const status = this.space.map({
        address: start,
        bytes: mappedEnd - start,
        protection: protection,
        flags: MAP_PRIVATE | MAP_FIXED,
        pager: pager,
        offset: pageDown(segment.fileOffset),
        name: name,
      });
      if (status < 0) return status;
      // The rest of the last page belongs to .bss.
      if (
        (protection & PROT_WRITE) !== 0 &&
        segment.memoryBytes > segment.fileBytes &&
        fileEnd < mappedEnd
      ) {
        if (!this.memory.fill(fileEnd, 0, mappedEnd - fileEnd)) return -ENOMEM;
      }
    }
    if (memoryEnd > mappedEnd) {
      const status = this.space.map({
        address: mappedEnd,
        bytes: memoryEnd - mappedEnd,
        protection: protection,
        flags: MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
        pager: undefined,
        offset: 0,
        name: '',
      });
      if (status < 0) return status;
    }
    return 0;
  }
}

/** Used by mmap too. */
export const FIXED_BITS: number = MAP_FIXED | MAP_FIXED_NOREPLACE;
