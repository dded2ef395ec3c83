/** Floating-point state of program threads: XSAVE with x87, SSE and AVX where the processor has it, FXSAVE elsewhere. */
import {
  CPUID_EAX,
  CPUID_EBX,
  CPUID_ECX,
  cpuid,
  fpuMask,
  readCr4,
  writeCr4,
  writeXcr0,
} from './cpu.unsafe.js';

const CR4_OSXSAVE = 0x4_0000;
const FEATURE_XSAVE = 0x400_0000;
const FXSAVE_BYTES = 512;
const XSAVE_LEAF = 13;
const STATE_X87_SSE = 3;
const STATE_AVX = 4;

let area = FXSAVE_BYTES;
let mask = 0;

/** Switches on what there is. Before the first program thread. */
export function fpuStart(): void {
  if ((cpuid(1, 0, CPUID_ECX) & FEATURE_XSAVE) === 0) return;
  writeCr4(readCr4() | CR4_OSXSAVE);
  mask = STATE_X87_SSE | (cpuid(XSAVE_LEAF, 0, CPUID_EAX) & STATE_AVX);
  writeXcr0(mask);
  area = cpuid(XSAVE_LEAF, 0, CPUID_EBX);
  fpuMask(mask);
}

/** Bytes of a save area; it starts at a multiple of 64 and is zeroed before first use. */
export function fpuAreaBytes(): number {
  return area;
}

/** The parts that XSAVE saves; 0 with FXSAVE. */
export function fpuStateMask(): number {
  return mask;
}
