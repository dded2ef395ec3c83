/** The default composition: what a Linux program needs on a machine without PCI devices. */
import { type Contract, type Subsystem, subsystem } from './descriptor.js';

/** The contract that the generated entry runs: `run(): void` starts the program and never returns. */
export const PROGRAM_CONTRACT: Contract = { contract: 'program', version: 1 };

export const linux: (options?: Record<string, boolean | number | string>) => Subsystem = subsystem({
  name: 'linux',
  provides: [PROGRAM_CONTRACT],
  needs: [],
  options: {},
  module: '@tessera/linux/kernel',
  construct: 'constructLinux',
});

export function standard(): Subsystem[] {
  return [linux()];
}
