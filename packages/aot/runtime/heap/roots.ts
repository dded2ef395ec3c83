/**
 * Roots beyond globals and the running stack: the scheduler registers a scanner that calls `scanConservatively` for the
 * saved stack of every thread that does not run. It is called at the snapshot, with all CPUs at a safepoint.
 */
export interface RootScanner {
  scanRoots(): void;
}

/** No initialiser: the platform registers before initialisers run. */
let registered: RootScanner | null | undefined;

export function rootScanner(): RootScanner | null {
  return registered ?? null;
}

export function setRootScanner(scanner: RootScanner | null): void {
  registered = scanner;
}

/** Where more memory comes from in a kernel: `mm` maps it directly above what the heap has. */
export interface HeapGrower {
  /** Backs [start, start + bytes) with zeroed memory, or says no. Must not allocate. */
  growHeap(start: number, bytes: number): boolean;
}

let grower: HeapGrower | null = null;

export function heapGrower(): HeapGrower | null {
  return grower;
}

export function setHeapGrower(source: HeapGrower | null): void {
  grower = source;
}
