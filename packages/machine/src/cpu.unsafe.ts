/**
 * Single instructions. Natively each is a symbol of `native/cpu.S`; in Node a simulated processor answers.
 *
 * Preconditions: ring 0; the port, register or address exists; nothing checks that natively.
 */
import type { u64 } from './numbers.js';
import { simulatedCpu } from './simulated-cpu.js';

/** @extern tessera_in8 */
export function in8(port: number): number {
  return simulatedCpu().in8(port);
}

/** @extern tessera_in16 */
export function in16(port: number): number {
  return simulatedCpu().in8(port) + simulatedCpu().in8(port + 1) * 256;
}

/** @extern tessera_in32 */
export function in32(port: number): number {
  return in16(port) + in16(port + 2) * 65536;
}

/** @extern tessera_out8 */
export function out8(port: number, value: number): void {
  simulatedCpu().out8(port, value);
}

/** @extern tessera_out16 */
export function out16(port: number, value: number): void {
  simulatedCpu().out8(port, value & 255);
  simulatedCpu().out8(port + 1, (value >> 8) & 255);
}

/** @extern tessera_out32 */
export function out32(port: number, value: number): void {
  out16(port, value & 65535);
  out16(port + 2, value >>> 16);
}

/** A call of the hypervisor by AMD's instruction: Xen's number and arguments; -38 where there is none. @extern tessera_vmmcall */
export function vmmcall(_number: number, _first: number, _second: number, _third: number): number {
  return -38;
}

/** The same by Intel's instruction. @extern tessera_vmcall */
export function vmcall(_number: number, _first: number, _second: number, _third: number): number {
  return -38;
}

/** @extern tessera_read_msr */
export function readMsr(register: number): u64 {
  return simulatedCpu().readMsr(register);
}

/** @extern tessera_write_msr */
export function writeMsr(register: number, value: u64): void {
  simulatedCpu().writeMsr(register, value);
}

/** The physical address of the top page table. @extern tessera_read_cr3 */
export function readPageTableRoot(): number {
  return simulatedCpu().pageTableRoot;
}

/** Loads the top page table; forgets all translations but global ones. @extern tessera_write_cr3 */
export function writePageTableRoot(physical: number): void {
  simulatedCpu().pageTableRoot = physical;
  simulatedCpu().flushes++;
}

/** @extern tessera_read_cr4 */
export function readCr4(): number {
  return simulatedCpu().cr4;
}

/** @extern tessera_write_cr4 */
export function writeCr4(value: number): void {
  simulatedCpu().cr4 = value;
}

/** @extern tessera_write_xcr0 */
export function writeXcr0(value: number): void {
  simulatedCpu().xcr0 = value;
}

/** Forgets the translation of one page on this CPU. @extern tessera_invalidate_page */
export function invalidatePage(_address: number): void {
  simulatedCpu().invalidations++;
}

export const CPUID_EAX = 0;
export const CPUID_EBX = 1;
export const CPUID_ECX = 2;
export const CPUID_EDX = 3;

/** One register of CPUID, 0 to 2^32-1. @extern tessera_cpuid */
export function cpuid(leaf: number, subleaf: number, register: number): number {
  return simulatedCpu().cpuid(leaf, subleaf, register);
}

/** The time-stamp counter. Use differences: it outgrows a number. @extern tessera_read_tsc */
export function readTsc(): u64 {
  return simulatedCpu().tsc();
}

/** Disables interrupts; true when they were on. @extern tessera_interrupts_off */
export function interruptsOff(): boolean {
  return simulatedCpu().interruptsOff();
}

/** @extern tessera_interrupts_on */
export function interruptsOn(): void {
  simulatedCpu().interruptsOn();
}

/** Sleeps until an interrupt has been taken; interrupts are off afterwards. @extern tessera_wait_for_interrupt */
export function waitForInterrupt(): void {
  simulatedCpu().waitForInterrupt();
}

/** Tells the processor that this is a waiting loop. @extern tessera_pause */
export function pause(): void {
  simulatedCpu().advanceNs(50n);
}

/** A word of the per-CPU block. @extern tessera_cpu_load */
export function cpuLoad(offset: number): number {
  return simulatedCpu().block.get(offset) ?? 0;
}

/** @extern tessera_cpu_store */
export function cpuStore(offset: number, value: number): void {
  simulatedCpu().block.set(offset, value);
}

/** End of the kernel image (page aligned). @extern tessera_image_limit */
export function imageLimit(): number {
  return 0x7020_0000;
}

/** Limits of kernel text. @extern tessera_image_start */
export function textStart(): number {
  return 0x7010_0000;
}

/** @extern tessera_text_limit */
export function textLimit(): number {
  return 0x7018_0000;
}

/** The caller's frame pointer, for backtraces. @extern tessera_frame_pointer */
export function framePointer(): number {
  return 0;
}

/** Lowest address of the stack that `main` starts on. @extern tessera_boot_stack_bottom */
export function bootStackBottom(): number {
  return 0x7010_0000;
}

/** @extern tessera_boot_stack_top */
export function bootStackTop(): number {
  return 0x7010_8000;
}

/** Resets the machine without asking; with QEMU's -no-reboot, ends it. @extern tessera_triple_fault */
export function resetMachine(): void {
  simulatedCpu().stop('reset');
}

/** Sends bytes to the serial port, waiting for it. @extern tessera_console_write */
export function serialWrite(address: number, byteLength: number): void {
  simulatedCpu().serialWrite(address, byteLength);
}

/** A received byte, or -1. @extern tessera_console_read */
export function serialRead(): number {
  return simulatedCpu().serialRead();
}

/** Saves the thread's place, goes on with another: interrupts are off. @extern tessera_switch */
export function switchStack(
  _saveSlot: number,
  _stackPointer: number,
  _top: number,
  _bottom: number,
): void {
  simulatedCpu().stop('a stack switch needs real stacks: use the simulator of @tessera/sched');
}

/** Makes a stack whose first switch calls `tessera_thread_main(argument)`. @extern tessera_prepare_stack */
export function prepareStack(top: number, _argument: number): number {
  return top - 56;
}

/** Starts the program with all registers 0. @extern tessera_enter_program */
export function enterProgramAt(_instruction: number, _stack: number): void {
  simulatedCpu().stop('program code does not run in the simulator');
}

/** Goes on in the program with the registers of a frame. @extern tessera_resume_program */
export function resumeProgramFrom(_frame: number): void {
  simulatedCpu().stop('program code does not run in the simulator');
}

/** @extern tessera_fpu_save */
export function fpuSaveRaw(_address: number): void {}

/** @extern tessera_fpu_restore */
export function fpuRestoreRaw(_address: number): void {}

/** The state of a new program. @extern tessera_fpu_reset */
export function fpuReset(): void {}

/** Which parts XSAVE handles; 0: FXSAVE. @extern tessera_fpu_mask */
export function fpuMask(_mask: number): void {}
