/**
 * The other side: configuration spaces for emulators and tests. A function is 256 or 4096 bytes plus a mask
 * of the bits that software may write; BARs are masks of that kind, which is all that sizing needs.
 */
import type { ConfigAccess, PortIo } from './config-access.js';
import {
  BAR0,
  CAPABILITY_POINTER,
  CLASS_REVISION,
  COMMAND,
  DEVICE_ID,
  HEADER_TYPE,
  INTERRUPT_LINE,
  INTERRUPT_PIN,
  SECONDARY_BUS,
  STATUS,
  STATUS_CAPABILITIES,
  SUBSYSTEM_ID,
  SUBSYSTEM_VENDOR_ID,
  VENDOR_ID,
} from './registers.js';

export interface EmulatedFunctionOptions {
  readonly vendorId: number;
  readonly deviceId: number;
  readonly subsystemVendorId: number;
  readonly subsystemId: number;
  /** 24 bits: base class, sub class, programming interface. */
  readonly classCode: number;
  readonly revision: number;
  readonly spaceBytes: number;
}

/** Told after a register was written, and asked before one is read, for registers with side effects. */
export interface ConfigHooks {
  beforeRead(offset: number, width: number): void;
  afterWrite(offset: number, width: number): void;
}

export class EmulatedFunction {
  readonly bytes: Uint8Array;
  readonly writable: Uint8Array;
  readonly #view: DataView;
  #hooks: ConfigHooks | undefined = undefined;
  #nextCapability = 0x40;
  #lastPointer: number = CAPABILITY_POINTER;

  constructor(options: EmulatedFunctionOptions) {
    this.bytes = new Uint8Array(options.spaceBytes);
    this.writable = new Uint8Array(options.spaceBytes);
    this.#view = new DataView(this.bytes.buffer);
    this.#view.setUint16(VENDOR_ID, options.vendorId, true);
    this.#view.setUint16(DEVICE_ID, options.deviceId, true);
    this.#view.setUint32(CLASS_REVISION, options.classCode * 256 + options.revision, true);
    this.#view.setUint16(SUBSYSTEM_VENDOR_ID, options.subsystemVendorId, true);
    this.#view.setUint16(SUBSYSTEM_ID, options.subsystemId, true);
    this.writable[COMMAND] = 0x47;
    this.writable[COMMAND + 1] = 0x05;
    this.writable[INTERRUPT_LINE] = 0xff;
  }

  setHooks(hooks: ConfigHooks): void {
    this.#hooks = hooks;
  }

  setInterruptPin(pin: number): void {
    this.bytes[INTERRUPT_PIN] = pin;
  }

  setMultiFunction(): void {
    this.bytes[HEADER_TYPE] |= 0x80;
  }

  makeBridge(secondaryBus: number): void {
    this.bytes[HEADER_TYPE] = (this.bytes[HEADER_TYPE] & 0x80) | 1;
    this.bytes[SECONDARY_BUS] = secondaryBus;
  }

  /** Preconditions: `sizeBytes` is a power of two, at least 16 (I/O: 4). */
  setMemoryBar(index: number, sizeBytes: number, is64: boolean): void {
    const register = BAR0 + index * 4;
    this.#view.setUint32(register, is64 ? 4 : 0, true);
    setMask(this.writable, register, sizeBytes >= 0x100000000 ? 0 : (-sizeBytes & ~15) >>> 0);
    if (!is64) return;
    const high = Math.trunc(sizeBytes / 0x100000000);
    setMask(this.writable, register + 4, high === 0 ? 0xffffffff : -high >>> 0);
  }

  setIoBar(index: number, sizeBytes: number): void {
    const register = BAR0 + index * 4;
    this.#view.setUint32(register, 1, true);
    setMask(this.writable, register, (-sizeBytes & ~3) >>> 0);
  }

  /** Address that software gave a BAR; 0 until then. */
  barAddress(index: number): number {
    const low = this.#view.getUint32(BAR0 + index * 4, true);
    if ((low & 1) === 1) return (low & ~3) >>> 0;
    const high = (low & 4) !== 0 ? this.#view.getUint32(BAR0 + index * 4 + 4, true) : 0;
    return high * 0x100000000 + ((low & ~15) >>> 0);
  }

  /** Appends a capability whose body (after id and next) is `body`; returns its offset. */
  addCapability(id: number, body: Uint8Array): number {
    const offset = this.#nextCapability;
    this.bytes[offset] = id;
    this.bytes[offset + 1] = 0;
    this.bytes.set(body, offset + 2);
    this.bytes[this.#lastPointer] = offset;
    this.#lastPointer = offset + 1;
    this.#nextCapability = (offset + 2 + body.length + 3) & ~3;
    this.bytes[STATUS] |= STATUS_CAPABILITIES;
    return offset;
  }

  read(offset: number, width: number): number {
    if (offset + width > this.bytes.length)
      return width === 4 ? 0xffffffff : width === 2 ? 0xffff : 0xff;
    if (this.#hooks !== undefined) this.#hooks.beforeRead(offset, width);
    if (width === 1) return this.bytes[offset];
    return width === 2 ? this.#view.getUint16(offset, true) : this.#view.getUint32(offset, true);
  }

  write(offset: number, width: number, value: number): void {
    if (offset + width > this.bytes.length) return;
    let rest = value;
    for (let at = offset; at < offset + width; at += 1) {
      const mask = this.writable[at];
      this.bytes[at] = (this.bytes[at] & ~mask & 0xff) | (rest & mask);
      rest = rest >>> 8;
    }
    if (this.#hooks !== undefined) this.#hooks.afterWrite(offset, width);
  }
}

function setMask(mask: Uint8Array, register: number, value: number): void {
  mask[register] = value & 0xff;
  mask[register + 1] = (value >>> 8) & 0xff;
  mask[register + 2] = (value >>> 16) & 0xff;
  mask[register + 3] = value >>> 24;
}

/** A bus of emulated functions, reached as `ConfigAccess`. */
export class EmulatedBus implements ConfigAccess {
  readonly #functions: Map<number, EmulatedFunction> = new Map<number, EmulatedFunction>();
  readonly #spaceBytes: number;

  constructor(spaceBytes: number) {
    this.#spaceBytes = spaceBytes;
  }

  plug(id: number, target: EmulatedFunction): void {
    this.#functions.set(id, target);
  }

  spaceBytes(): number {
    return this.#spaceBytes;
  }

  read8(id: number, offset: number): number {
    const target = this.#functions.get(id);
    return target === undefined ? 0xff : target.read(offset, 1);
  }

  read16(id: number, offset: number): number {
    const target = this.#functions.get(id);
    return target === undefined ? 0xffff : target.read(offset & 0xffe, 2);
  }

  read32(id: number, offset: number): number {
    const target = this.#functions.get(id);
    return target === undefined ? 0xffffffff : target.read(offset & 0xffc, 4);
  }

  write8(id: number, offset: number, value: number): void {
    const target = this.#functions.get(id);
    if (target !== undefined) target.write(offset, 1, value);
  }

  write16(id: number, offset: number, value: number): void {
    const target = this.#functions.get(id);
    if (target !== undefined) target.write(offset & 0xffe, 2, value);
  }

  write32(id: number, offset: number, value: number): void {
    const target = this.#functions.get(id);
    if (target !== undefined) target.write(offset & 0xffc, 4, value);
  }
}

/** Ports 0xcf8..0xcff of a host bridge in front of a bus. */
export class EmulatedHostBridge implements PortIo {
  readonly #bus: EmulatedBus;
  #address = 0;

  constructor(bus: EmulatedBus) {
    this.#bus = bus;
  }

  in8(port: number): number {
    if (!this.#selected(port)) return 0xff;
    return this.#bus.read8(this.#id(), this.#offset() + (port & 3));
  }

  in16(port: number): number {
    if (!this.#selected(port)) return 0xffff;
    return this.#bus.read16(this.#id(), this.#offset() + (port & 2));
  }

  in32(port: number): number {
    if (port === 0xcf8) return this.#address;
    if (!this.#selected(port)) return 0xffffffff;
    return this.#bus.read32(this.#id(), this.#offset());
  }

  out8(port: number, value: number): void {
    if (this.#selected(port)) this.#bus.write8(this.#id(), this.#offset() + (port & 3), value);
  }

  out16(port: number, value: number): void {
    if (this.#selected(port)) this.#bus.write16(this.#id(), this.#offset() + (port & 2), value);
  }

  out32(port: number, value: number): void {
    if (port === 0xcf8) this.#address = value >>> 0;
    else if (this.#selected(port)) this.#bus.write32(this.#id(), this.#offset(), value);
  }

  #selected(port: number): boolean {
    return port >= 0xcfc && port <= 0xcff && this.#address >= 0x80000000;
  }

  #id(): number {
    return (this.#address >>> 8) & 0xffff;
  }

  #offset(): number {
    return this.#address & 0xfc;
  }
}
