/** Registers of the program in the frame of its last trap, and the rest of its processor state. */

import {
  addressOf,
  copyFromUser,
  copyToUser,
  FRAME_BYTES,
  fpuAreaBytes,
  fpuRestoreRaw,
  fpuSaveRaw,
  load64,
  markFrameChanged,
  store64,
  type u64,
} from '@tessera/machine';
import type { ProgramContext } from '@tessera/sched/kernel';
import { dataView } from '@tessera/vfs';
import type { Processor, RegisterFile } from '../contract.js';

/** Both areas start at a multiple of 64. */
const ALIGNMENT = 64;

/** Words in the order of Linux's pt_regs: word n of the contract is byte 8n of the frame. */
export class FrameRegisters implements RegisterFile {
  /** The frame of the trap that is being served. */
  frame: number;
  /** Backs the registers before the program has run; kept so that its bytes stay alive. */
  readonly first: Uint8Array = new Uint8Array(FRAME_BYTES + 8);

  constructor() {
    this.frame = addressOf(this.first);
  }

  get(index: number): u64 {
    return load64(this.frame + index * 8);
  }

  set(index: number, value: u64): void {
    store64(this.frame + index * 8, value);
  }

  changed(): void {
    markFrameChanged(this.frame);
  }
}

/** The processor state of one thread: its program context, and an area for what goes into signal frames. */
export class KernelProcessor implements Processor {
  private readonly context: ProgramContext;
  private readonly area: Uint8Array;
  /** The first multiple of 64 in `area`. */
  private readonly aligned: number;

  constructor(context: ProgramContext) {
    this.context = context;
    this.area = new Uint8Array(fpuAreaBytes() + ALIGNMENT);
    const start = addressOf(this.area);
    this.aligned = start + ((ALIGNMENT - (start % ALIGNMENT)) % ALIGNMENT);
  }

  setFsBase(address: number): void {
    this.context.setFsBase(address);
  }

  fsBase(): number {
    return this.context.fsBase;
  }

  inherit(fsBase: number): void {
    this.context.prepare(fsBase);
  }

  fpuAreaBytes(): number {
    return fpuAreaBytes();
  }

  fpuSave(address: number): boolean {
    fpuSaveRaw(this.aligned);
    return copyToUser(address, this.aligned, fpuAreaBytes()) === 0;
  }

  /** The area comes back from the program, so its header is made harmless before the processor sees it. */
  fpuRestore(address: number): boolean {
    if (copyFromUser(this.aligned, address, fpuAreaBytes()) !== 0) return false;
    const offset = this.aligned - addressOf(this.area);
    const view = dataView(this.area);
    // MXCSR: reserved bits fault.
    view.setUint32(offset + 24, view.getUint32(offset + 24, true) & 0xffff, true);
    if (fpuAreaBytes() > 512) {
      // XSTATE_BV: x87, SSE, AVX at most; the rest of the header must be zero.
      view.setUint32(offset + 512, view.getUint32(offset + 512, true) & 7, true);
      view.setUint32(offset + 516, 0, true);
      for (let at = 520; at < 576; at += 4) view.setUint32(offset + at, 0, true);
    }
    fpuRestoreRaw(this.aligned);
    return true;
  }

  fpuReset(): void {
    this.context.reset();
  }
}
