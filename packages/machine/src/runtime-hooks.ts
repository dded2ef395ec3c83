/** Where `mm` tells the runtime's heap how to grow. The runtime imports this; nothing here allocates. */
export interface HeapGrower {
  /** Backs [start, start + bytes) with zeroed memory, or says no. Must not allocate. */
  growHeap(start: number, byteLength: number): boolean;
}

let grower: HeapGrower | undefined;

export function heapGrower(): HeapGrower | undefined {
  return grower;
}

export function setHeapGrower(source: HeapGrower | undefined): void {
  grower = source;
}
