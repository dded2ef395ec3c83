/** The platform of the tests: simulated memory is there for the asking, and there is no stack to scan. */
let refuseGrowth = false;

/** Tests of exhaustion: whether more memory is refused. */
export function setRefuseGrowth(refuse: boolean): void {
  refuseGrowth = refuse;
}

export function growHeap(_start: number, _bytes: number): boolean {
  return !refuseGrowth;
}

/** Writes stack pointer and kept registers to `area` (7 words); returns the stack pointer, or 0 for "no stack". */
export function spillRegisters(_area: number): number {
  return 0;
}

/** The upper end of the running stack. */
export function stackTop(): number {
  return 0;
}

/** Nothing runs beside a test. */
export function stopWorld(): boolean {
  return false;
}

export function resumeWorld(_interruptsWereOn: boolean): void {}

export function startPlatform(_argument: number): void {}

export function writeConsole(_descriptor: number, _address: number, _bytes: number): void {}

/** What a panic or an exit is in Node. */
export class RuntimeStopped extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'RuntimeStopped';
  }
}

export function exit(status: number): never {
  throw new RuntimeStopped(`exit ${status}`);
}

export function abort(): never {
  throw new RuntimeStopped('abort');
}
