/**
 * The processor of Node: a virtual clock that moves only when told or slept, scripted interrupts, a serial port as two byte
 * arrays. Everything above sees the same calls as natively, so a run repeats exactly.
 */
import { simulatedMemory } from './simulated-memory.js';

/** The machine ended: reset, power-off, or something that only hardware can do. */
export class MachineStopped extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(reason);
    this.name = 'MachineStopped';
    this.reason = reason;
  }
}

interface ScriptedInterrupt {
  readonly atNs: bigint;
  readonly vector: number;
}

/** Receives the interrupts of the simulator, as `tessera_trap` does natively. */
export type InterruptSink = (vector: number) => void;

export class SimulatedCpu {
  /** Virtual time; the time-stamp counter runs at 1 GHz. */
  nowNs = 0n;
  enabled = false;
  pageTableRoot = 0;
  cr4 = 0;
  xcr0 = 0;
  flushes = 0;
  invalidations = 0;
  readonly block: Map<number, number> = new Map<number, number>();
  readonly output: number[] = [];
  readonly input: number[] = [];
  readonly ports: Map<number, number> = new Map<number, number>();
  sink: InterruptSink = () => {};
  private readonly registers = new Map<number, bigint>();
  private readonly script: ScriptedInterrupt[] = [];

  /** Delivers `vector` when the clock reaches `atNs`; in order of time, then of the calls. */
  schedule(atNs: bigint, vector: number): void {
    let index = this.script.length;
    while (index > 0 && (this.script[index - 1] as ScriptedInterrupt).atNs > atNs) index--;
    this.script.splice(index, 0, { atNs, vector });
  }

  advanceNs(byNs: bigint): void {
    this.nowNs += byNs;
    this.deliver();
  }

  interruptsOff(): boolean {
    const before = this.enabled;
    this.enabled = false;
    return before;
  }

  interruptsOn(): void {
    this.enabled = true;
    this.deliver();
  }

  waitForInterrupt(): void {
    const next = this.script[0];
    if (next === undefined) this.stop('the processor sleeps and no interrupt will ever come');
    else {
      if (next.atNs > this.nowNs) this.nowNs = next.atNs;
      this.interruptsOn();
      this.enabled = false;
    }
  }

  private deliver(): void {
    while (this.enabled) {
      const next = this.script[0];
      if (next === undefined || next.atNs > this.nowNs) return;
      this.script.shift();
      this.enabled = false;
      this.sink(next.vector);
      this.enabled = true;
    }
  }

  tsc(): bigint {
    return this.nowNs;
  }

  in8(port: number): number {
    return this.ports.get(port) ?? 0xff;
  }

  out8(port: number, value: number): void {
    this.ports.set(port, value);
  }

  readMsr(register: number): bigint {
    return this.registers.get(register) ?? 0n;
  }

  writeMsr(register: number, value: bigint): void {
    this.registers.set(register, BigInt.asUintN(64, value));
  }

  cpuid(_leaf: number, _subleaf: number, _register: number): number {
    return 0;
  }

  serialWrite(address: number, byteLength: number): void {
    for (let index = 0; index < byteLength; index++)
      this.output.push(simulatedMemory().load8(address + index));
  }

  serialRead(): number {
    return this.input.shift() ?? -1;
  }

  stop(reason: string): never {
    throw new MachineStopped(reason);
  }
}

let shared: SimulatedCpu | undefined;

/** The one processor of this Node process; made on first use. */
export function simulatedCpu(): SimulatedCpu {
  if (shared === undefined) shared = new SimulatedCpu();
  return shared;
}

/** A fresh processor for the next test. */
export function resetSimulatedCpu(): SimulatedCpu {
  shared = new SimulatedCpu();
  return shared;
}
