/**
 * The two ends of a virtqueue, whatever its format.
 *
 * A buffer is a chain of descriptors. The driver makes chains available, the device uses them and gives them
 * back with the number of bytes it wrote. Neither end trusts the other: each keeps in private memory what it
 * needs to remember (which chain has which length, what is out), reads a shared field once, checks the copy and
 * uses the copy. The first lie ends the queue: `fault` is set, and every later call says so.
 */
import type { BufferList, Completion } from './buffer-list.js';
import type { DeviceChain } from './device-chain.js';
import type { FaultSink, VirtioFault } from './fault.js';
import type { DmaAllocator, GuestMemory } from './memory.js';

export enum AddResult {
  Added = 0,
  /** Not now: poll first. */
  Full = 1,
  /** Never: more segments than the queue has descriptors, or none at all. */
  TooLong = 2,
  Dead = 3,
}

export enum TakeResult {
  Empty = 0,
  Taken = 1,
  Dead = 2,
}

export interface QueueOptions {
  readonly memory: GuestMemory;
  readonly sink: FaultSink;
  /** For faults: `blk0 queue 1`. */
  readonly name: string;
  /** Descriptors. A power of two for split rings; at most 32768. */
  readonly size: number;
  readonly indirect: boolean;
  readonly eventIndex: boolean;
  readonly inOrder: boolean;
  /** Ring index to begin at: 0 by the specification, anything when a queue is migrated or tested. */
  readonly firstIndex: number;
}

export interface DriverQueueOptions extends QueueOptions {
  readonly allocator: DmaAllocator;
  /** Most segments in an indirect table; longer chains use descriptors. */
  readonly indirectMax: number;
  /** Ring alignment of the transport: 4096 for legacy ones. */
  readonly alignment: number;
}

/** Where the three parts of a queue are: what a transport tells the device. */
export interface QueueAddresses {
  readonly descriptors: number;
  /** Available ring, or the driver event suppression area of packed rings. */
  readonly driverArea: number;
  /** Used ring, or the device event suppression area. */
  readonly deviceArea: number;
}

export interface DriverQueue {
  readonly size: number;
  readonly addresses: QueueAddresses;
  readonly fault: VirtioFault | undefined;
  freeCount(): number;
  inFlightCount(): number;
  /** The queue owns the buffers from here until `poll` returns the token. */
  add(buffers: BufferList, token: number): AddResult;
  /** Show everything added so far to the device; true when it wants to be notified. */
  publish(): boolean;
  /** True and `completion` filled when a buffer came back. */
  poll(completion: Completion): boolean;
  /** Ask for an interrupt at the next use; true when one is there already and no interrupt will come for it. */
  enableInterrupts(): boolean;
  disableInterrupts(): void;
  /** Forget everything outstanding (after the device confirmed a reset); gives back the tokens. */
  reset(): number[];
  release(): void;
}

export interface DeviceQueue {
  readonly size: number;
  readonly fault: VirtioFault | undefined;
  /** Copy the next chain out of the ring. */
  take(chain: DeviceChain): TakeResult;
  /** Give a chain back, in any order (in-order queues put it in order themselves). */
  complete(chain: DeviceChain, writtenBytes: number): void;
  /** Show completions to the driver; true when it wants an interrupt. */
  publish(): boolean;
  /** Ask for a notification of the next chain; true when one is there already. */
  enableNotifications(): boolean;
  disableNotifications(): void;
}

/** Did `event` lie in `(old, next]`? Modulo 2^16; virtio 1.3, 2.7.7.1. */
export function needEvent(event: number, next: number, old: number): boolean {
  return ((next - event - 1) & 0xffff) < ((next - old) & 0xffff);
}

export const DESCRIPTOR_BYTES = 16;
export const DESCRIPTOR_NEXT = 1;
export const DESCRIPTOR_WRITE = 2;
export const DESCRIPTOR_INDIRECT = 4;
