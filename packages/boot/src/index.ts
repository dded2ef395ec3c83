export { aotCompiler } from './compose/aot-compiler.js';
export {
  type Contract,
  type Need,
  type OptionKind,
  type OptionSchema,
  type OptionValues,
  type Subsystem,
  type SubsystemDescriptor,
  subsystem,
} from './compose/descriptor.js';
export { generateEntry } from './compose/entry.js';
export {
  buildKernel,
  cacheFolder,
  findClang,
  type KernelCompiler,
  type KernelFile,
  type Profile,
} from './compose/kernel-build.js';
export { completeOptions } from './compose/options.js';
export {
  type Composition,
  type ResolvedNeed,
  type ResolvedSubsystem,
  resolveComposition,
} from './compose/resolve.js';
export { linux, PROGRAM_CONTRACT, standard } from './compose/standard.js';
export {
  CompositionError,
  NotBuiltYetError,
  NotFoundError,
  NotRunnableError,
  TesseraError,
} from './errors.js';
export {
  defineImage,
  type Image,
  type ImageOptions,
  MEMORY_DEFAULT,
  parseCpus,
  parseMemory,
} from './image.js';
export {
  type Flags,
  type HostView,
  kernelFor,
  packProgram,
  temporaryFolder,
  writeModule,
} from './launch.js';
export { nearest } from './nearest.js';
export { type ElfFile, type Machine, readElf } from './pack/elf-file.js';
export { type LibraryClosure, libraryClosure } from './pack/libraries.js';
export {
  type Addition,
  findProgram,
  gatherProgram,
  type PackRequest,
  type ProgramTree,
} from './pack/program.js';
export { RootTree, type TreeEntry } from './pack/root-tree.js';
export { toByteString, writeBootModule } from './pack/write-image.js';
export {
  type Accelerator,
  type AcceleratorChoice,
  chooseAccelerator,
  type HostProbe,
} from './run/accelerator.js';
export { HostConsole, type HostConsoleEvents } from './run/host-console.js';
export {
  type Command,
  findOnPath,
  type MachineOptions,
  parseTarget,
  qemuArguments,
  qemuCommand,
  TARGETS_BUILT,
  TARGETS_PLANNED,
  type Target,
} from './run/qemu.js';
export { exitStatusOf, MachineRun, type RunOptions, type RunResult } from './run/run-machine.js';
