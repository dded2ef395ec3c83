export {
  BOOT_PAGE_BYTES,
  BOOT_STRACE,
  BOOT_TTY_ERROR,
  BOOT_TTY_INPUT,
  BOOT_TTY_OUTPUT,
  BOOT_VERBOSE,
  BOOT_VERSION,
  type BootConfiguration,
  type ParsedBootConfiguration,
  readBootConfiguration,
  writeBootConfiguration,
} from './boot-configuration.js';
export { Call, userAddress } from './call.js';
export * from './contract.js';
export { crashReport } from './crash.js';
export {
  ElfError,
  ElfHeader,
  ElfImage,
  ElfSegment,
  parseElfHeader,
  parseElfSegments,
} from './elf/elf.js';
export { AuxiliaryEntry, buildInitialStack, InitialStack } from './elf/initial-stack.js';
export { LoadFailure } from './elf/loader.js';
export { Process, Task } from './process.js';
export { parseScriptLine, ScriptLine } from './program.js';
export { ChaChaRandom } from './random.js';
export { FRAME_BYTES, FRAME_INFO, FRAME_UCONTEXT } from './signal/frame.js';
export {
  defaultAction,
  PendingSignals,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SIGBUS,
  SIGFPE,
  SIGHUP,
  SIGILL,
  SIGINT,
  SIGKILL,
  SIGPWR,
  SIGSEGV,
  SIGTERM,
  SIGTRAP,
  SIGWINCH,
  SignalInfo,
  SignalSet,
  signalName,
} from './signal/signals.js';
export { addStandardFiles, StandardStreams } from './standard-files.js';
export { syscallName } from './syscalls/names.js';
export { DONE, PARTLY, REFUSED, SystemCallEntry, SystemCallTable } from './syscalls/table.js';
export { LinuxSystem, type SystemParts } from './system.js';
export { LineDiscipline, type TerminalSink } from './tty/line-discipline.js';
export {
  type InputCredit,
  InputStream,
  OutputStream,
  Terminal,
  TerminalFile,
} from './tty/streams.js';
export { Termios } from './tty/termios.js';
