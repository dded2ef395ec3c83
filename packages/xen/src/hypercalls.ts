/**
 * Hypercall numbers and the structures they take, as encoders into shared memory (Xen public headers, x86-64 ABI).
 * How a hypercall is made (the hypercall page) is the kernel door's business.
 */
import { type SharedMemory, store53 } from './memory.js';

export enum Hypercall {
  MemoryOperation = 12,
  XenVersion = 17,
  ConsoleIo = 18,
  GrantTableOperation = 20,
  VcpuOperation = 24,
  SchedulerOperation = 29,
  EventChannelOperation = 32,
  HvmOperation = 34,
}

export enum MemoryCommand {
  DecreaseReservation = 1,
  PopulatePhysmap = 6,
  AddToPhysmap = 7,
  MemoryMap = 9,
}

export enum PhysmapSpace {
  SharedInfo = 0,
  GrantTable = 1,
}

export enum EventCommand {
  BindInterdomain = 0,
  BindVirq = 1,
  Close = 3,
  Send = 4,
  AllocateUnbound = 6,
  BindIpi = 7,
  BindVcpu = 8,
  Unmask = 9,
  InitControl = 11,
  ExpandArray = 12,
  SetPriority = 13,
}

export enum GrantCommand {
  MapGrantRef = 0,
  UnmapGrantRef = 1,
  Copy = 5,
  QuerySize = 6,
  SetVersion = 8,
  GetStatusFrames = 9,
}

export enum SchedulerCommand {
  Yield = 0,
  Block = 1,
  Shutdown = 2,
  Poll = 3,
}

export enum ShutdownReason {
  PowerOff = 0,
  Reboot = 1,
  Suspend = 2,
  Crash = 3,
}

export enum HvmCommand {
  SetParameter = 0,
  GetParameter = 1,
}

export enum HvmParameter {
  CallbackInterrupt = 0,
  StoreFrame = 1,
  StorePort = 2,
  ConsoleFrame = 17,
  ConsolePort = 18,
}

export const VIRQ_TIMER = 0;
export const VIRQ_DEBUG = 1;
export const VIRQ_CONSOLE = 2;
export const DOMAIN_SELF = 0x7ff0;

/** CallbackInterrupt value: deliver events as this vector. */
export function callbackVector(vector: number): { readonly low: number; readonly high: number } {
  return { low: vector & 0xff, high: 0x02000000 };
}

/** xen_add_to_physmap, 24 bytes: domain u16, size u16, space u32, index u64, frame u64. */
export function encodeAddToPhysmap(
  memory: SharedMemory,
  at: number,
  space: PhysmapSpace,
  index: number,
  frame: number,
): void {
  memory.store16(at, DOMAIN_SELF);
  memory.store16(at + 2, 0);
  memory.store32(at + 4, space);
  store53(memory, at + 8, index);
  store53(memory, at + 16, frame);
}

/** xen_memory_reservation, 24 bytes: list of frames u64, count u64, order u32, flags u32, domain u16 (32 in all). */
export function encodeReservation(
  memory: SharedMemory,
  at: number,
  listAddress: number,
  count: number,
): void {
  store53(memory, at, listAddress);
  store53(memory, at + 8, count);
  memory.store32(at + 16, 0);
  memory.store32(at + 20, 0);
  memory.store16(at + 24, DOMAIN_SELF);
}

/** evtchn_alloc_unbound, 8 bytes: domain u16, remote u16, port u32 (answer). */
export function encodeAllocateUnbound(memory: SharedMemory, at: number, remote: number): void {
  memory.store16(at, DOMAIN_SELF);
  memory.store16(at + 2, remote);
  memory.store32(at + 4, 0);
}

/** evtchn_bind_interdomain, 12 bytes: remote u16, pad, remote port u32, local port u32 (answer). */
export function encodeBindInterdomain(
  memory: SharedMemory,
  at: number,
  remote: number,
  remotePort: number,
): void {
  memory.store16(at, remote);
  memory.store16(at + 2, 0);
  memory.store32(at + 4, remotePort);
  memory.store32(at + 8, 0);
}

/** evtchn_bind_virq, 12 bytes: virq u32, vcpu u32, port u32 (answer). */
export function encodeBindVirq(memory: SharedMemory, at: number, virq: number, vcpu: number): void {
  memory.store32(at, virq);
  memory.store32(at + 4, vcpu);
  memory.store32(at + 8, 0);
}

/** evtchn_send, evtchn_close, evtchn_unmask: port u32. */
export function encodePort(memory: SharedMemory, at: number, port: number): void {
  memory.store32(at, port);
}

/** xen_hvm_param, 16 bytes: domain u16, pad u16, index u32, value u64. */
export function encodeHvmParameter(
  memory: SharedMemory,
  at: number,
  parameter: HvmParameter,
  low: number,
  high: number,
): void {
  memory.store16(at, DOMAIN_SELF);
  memory.store16(at + 2, 0);
  memory.store32(at + 4, parameter);
  memory.store32(at + 8, low);
  memory.store32(at + 12, high);
}

/** sched_shutdown: reason u32. */
export function encodeShutdown(memory: SharedMemory, at: number, reason: ShutdownReason): void {
  memory.store32(at, reason);
}

/** gnttab_map_grant_ref, 32 bytes: host address u64, flags u32, ref u32, domain u16, status i16, handle u32, bus u64. */
export function encodeMapGrant(
  memory: SharedMemory,
  at: number,
  hostAddress: number,
  flags: number,
  ref: number,
  domain: number,
): void {
  store53(memory, at, hostAddress);
  memory.store32(at + 8, flags);
  memory.store32(at + 12, ref);
  memory.store16(at + 16, domain);
  memory.store16(at + 18, 0);
  memory.store32(at + 20, 0);
  store53(memory, at + 24, 0);
}
