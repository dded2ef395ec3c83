/** Descriptors of a process: small integers to open files, with the close-on-exec bit. */
import { EBADF, EINVAL, EMFILE } from './errno.js';
import { DESCRIPTORS_MAX, DESCRIPTORS_SOFT } from './limits.js';
import type { OpenFile } from './open-file.js';

export class DescriptorTable {
  private readonly files: (OpenFile | undefined)[] = [];
  private readonly closeOnExec: boolean[] = [];
  /** No free slot below this. */
  private lowestFree = 0;
  private openCount = 0;
  /** RLIMIT_NOFILE, soft. */
  limit: number = DESCRIPTORS_SOFT;

  get(descriptor: number): OpenFile | undefined {
    if (descriptor < 0 || descriptor >= this.files.length) return undefined;
    return this.files[descriptor];
  }

  count(): number {
    return this.openCount;
  }

  /** One more than the highest descriptor ever in use; for listings. */
  end(): number {
    return this.files.length;
  }

  /** Puts `file` (whose reference it takes) at the lowest free descriptor that is at least `minimum`. */
  install(file: OpenFile, minimum: number, closeOnExec: boolean): number {
    if (minimum < 0 || minimum >= this.limit) return -EINVAL;
    let at = minimum > this.lowestFree ? minimum : this.lowestFree;
    while (at < this.files.length && this.files[at] !== undefined) at++;
    if (at >= this.limit) return -EMFILE;
    this.place(at, file, closeOnExec);
    if (minimum <= this.lowestFree) this.lowestFree = at + 1;
    return at;
  }

  private place(at: number, file: OpenFile, closeOnExec: boolean): void {
    while (this.files.length <= at) {
      this.files.push(undefined);
      this.closeOnExec.push(false);
    }
    this.files[at] = file;
    this.closeOnExec[at] = closeOnExec;
    this.openCount++;
  }

  /** dup2 and dup3: `target` is closed first if it is open. */
  replace(source: number, target: number, closeOnExec: boolean): number {
    const file = this.get(source);
    if (file === undefined || target < 0 || target >= this.limit || target >= DESCRIPTORS_MAX)
      return -EBADF;
    if (source === target) return target;
    file.hold();
    if (this.get(target) !== undefined) this.close(target);
    this.place(target, file, closeOnExec);
    return target;
  }

  close(descriptor: number): number {
    const file = this.get(descriptor);
    if (file === undefined) return -EBADF;
    this.files[descriptor] = undefined;
    this.closeOnExec[descriptor] = false;
    this.openCount--;
    if (descriptor < this.lowestFree) this.lowestFree = descriptor;
    file.release();
    return 0;
  }

  isCloseOnExec(descriptor: number): boolean {
    return this.closeOnExec[descriptor];
  }

  setCloseOnExec(descriptor: number, value: boolean): number {
    if (this.get(descriptor) === undefined) return -EBADF;
    this.closeOnExec[descriptor] = value;
    return 0;
  }

  closeAllOnExec(): void {
    for (let descriptor = 0; descriptor < this.files.length; descriptor++) {
      if (this.files[descriptor] !== undefined && this.closeOnExec[descriptor])
        this.close(descriptor);
    }
  }

  closeAll(): void {
    for (let descriptor = 0; descriptor < this.files.length; descriptor++) {
      if (this.files[descriptor] !== undefined) this.close(descriptor);
    }
  }

  /** A copy for a child process: the same open files. */
  copy(): DescriptorTable {
    const table = new DescriptorTable();
    table.limit = this.limit;
    for (let descriptor = 0; descriptor < this.files.length; descriptor++) {
      const file = this.files[descriptor];
      if (file === undefined) continue;
      file.hold();
      table.place(descriptor, file, this.closeOnExec[descriptor]);
    }
    table.lowestFree = this.lowestFree;
    return table;
  }
}
