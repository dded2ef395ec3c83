class Queens {
  private readonly freeRows: boolean[] = new Array<boolean>(8).fill(true);
  private readonly freeMaxs: boolean[] = new Array<boolean>(16).fill(true);
  private readonly freeMins: boolean[] = new Array<boolean>(16).fill(true);
  private readonly queenRows: number[] = new Array<number>(8).fill(-1);

  place(column: number): boolean {
    for (let row = 0; row < 8; row++) {
      if (this.isFree(row, column)) {
        this.queenRows[row] = column;
        this.mark(row, column, false);
        if (column === 7) return true;
        if (this.place(column + 1)) return true;
        this.mark(row, column, true);
      }
    }
    return false;
  }

  private isFree(row: number, column: number): boolean {
    return this.freeRows[row] && this.freeMaxs[column + row] && this.freeMins[column - row + 7];
  }

  private mark(row: number, column: number, free: boolean): void {
    this.freeRows[row] = free;
    this.freeMaxs[column + row] = free;
    this.freeMins[column - row + 7] = free;
  }
}

/** The eight queens, ten times an iteration. */
export function run(iterations: number): string {
  let ok = true;
  for (let i = 0; i < iterations * 10; i++) ok = new Queens().place(0) && ok;
  return String(ok);
}
