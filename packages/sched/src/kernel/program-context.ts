/** What the processor keeps for a thread that runs program code: thread-local base and floating-point state. */
import {
  fill,
  fpuAreaBytes,
  fpuReset,
  fpuRestoreRaw,
  fpuSaveRaw,
  writeMsr,
} from '@tessera/machine';

const MSR_FS_BASE = 0xc000_0100;

export class ProgramContext {
  private fs = 0;
  /** Kernel address of the save area, aligned to 64. */
  private readonly area: number;

  /** `area`: at least `areaBytes()` bytes. */
  constructor(area: number) {
    this.area = area;
    fill(area, 0, ProgramContext.areaBytes());
  }

  static areaBytes(): number {
    return Math.trunc((fpuAreaBytes() + 63) / 64) * 64;
  }

  get fsBase(): number {
    return this.fs;
  }

  /** Of the thread that runs now. */
  setFsBase(address: number): void {
    this.fs = address;
    writeMsr(MSR_FS_BASE, BigInt(address));
  }

  /** For a thread that has not run yet: `clone` with CLONE_SETTLS, and the parent's floating-point state. */
  prepare(fsBase: number): void {
    this.fs = fsBase;
    fpuSaveRaw(this.area);
  }

  /** A fresh state, loaded: at execve. */
  reset(): void {
    fpuReset();
    fpuSaveRaw(this.area);
    this.setFsBase(0);
  }

  save(): void {
    fpuSaveRaw(this.area);
  }

  load(): void {
    fpuRestoreRaw(this.area);
    writeMsr(MSR_FS_BASE, BigInt(this.fs));
  }
}
