/**
 * Where a function's configuration space is reached.
 *
 * Two mechanisms exist on a PC. Mechanism #1 (PCI 3.0, 3.2.2.3.2) writes an address to port 0xcf8 and
 * moves data through 0xcfc: 256 bytes a function, one access at a time. ECAM (PCI Express 5.0, 7.2.2)
 * maps 4 KiB a function into memory; firmware says where in the ACPI table "MCFG". Both are used
 * through `ConfigAccess`, so enumeration never knows which it has.
 *
 * A function is named by its routing id: `segment << 16 | bus << 8 | device << 3 | function`.
 * Reading a function that is not there gives all ones, as on hardware.
 */

export interface ConfigAccess {
  read8(id: number, offset: number): number;
  read16(id: number, offset: number): number;
  read32(id: number, offset: number): number;
  write8(id: number, offset: number, value: number): void;
  write16(id: number, offset: number, value: number): void;
  write32(id: number, offset: number, value: number): void;
  /** Bytes of configuration space a function has through this mechanism: 256 or 4096. */
  spaceBytes(): number;
}

/** x86 port space. Values are unsigned. */
export interface PortIo {
  in8(port: number): number;
  in16(port: number): number;
  in32(port: number): number;
  out8(port: number, value: number): void;
  out16(port: number, value: number): void;
  out32(port: number, value: number): void;
}

/** Device registers in memory. Each call is one bus access of that width. */
export interface RegisterIo {
  load8(address: number): number;
  load16(address: number): number;
  load32(address: number): number;
  store8(address: number, value: number): void;
  store16(address: number, value: number): void;
  store32(address: number, value: number): void;
}

export function functionId(segment: number, bus: number, device: number, func: number): number {
  return segment * 0x10000 + (bus << 8) + (device << 3) + func;
}

export function segmentOf(id: number): number {
  return Math.trunc(id / 0x10000);
}

export function busOf(id: number): number {
  return (id >> 8) & 0xff;
}

export function deviceOf(id: number): number {
  return (id >> 3) & 0x1f;
}

export function functionOf(id: number): number {
  return id & 7;
}

/** `0000:00:1f.2`, as every PCI tool prints it. */
export function functionName(id: number): string {
  const segment = segmentOf(id).toString(16).padStart(4, '0');
  const bus = busOf(id).toString(16).padStart(2, '0');
  const device = deviceOf(id).toString(16).padStart(2, '0');
  return `${segment}:${bus}:${device}.${functionOf(id)}`;
}

const CONFIG_ADDRESS = 0xcf8;
const CONFIG_DATA = 0xcfc;

/** Mechanism #1. Not re-entrant: the caller holds one lock around a whole access. */
export class PortConfigAccess implements ConfigAccess {
  readonly #ports: PortIo;

  constructor(ports: PortIo) {
    this.#ports = ports;
  }

  spaceBytes(): number {
    return 256;
  }

  read8(id: number, offset: number): number {
    if (!this.#select(id, offset)) return 0xff;
    return this.#ports.in8(CONFIG_DATA + (offset & 3));
  }

  read16(id: number, offset: number): number {
    if (!this.#select(id, offset)) return 0xffff;
    return this.#ports.in16(CONFIG_DATA + (offset & 2));
  }

  read32(id: number, offset: number): number {
    if (!this.#select(id, offset)) return 0xffffffff;
    return this.#ports.in32(CONFIG_DATA);
  }

  write8(id: number, offset: number, value: number): void {
    if (this.#select(id, offset)) this.#ports.out8(CONFIG_DATA + (offset & 3), value);
  }

  write16(id: number, offset: number, value: number): void {
    if (this.#select(id, offset)) this.#ports.out16(CONFIG_DATA + (offset & 2), value);
  }

  write32(id: number, offset: number, value: number): void {
    if (this.#select(id, offset)) this.#ports.out32(CONFIG_DATA, value);
  }

  #select(id: number, offset: number): boolean {
    if (offset < 0 || offset > 255 || segmentOf(id) !== 0) return false;
    this.#ports.out32(CONFIG_ADDRESS, 0x80000000 + (id & 0xffff) * 256 + (offset & 0xfc));
    return true;
  }
}

/** One ECAM window: buses `firstBus..lastBus` of `segment`, 1 MiB a bus, bus 0 would be at `base`. */
export interface EcamRegion {
  readonly base: number;
  readonly segment: number;
  readonly firstBus: number;
  readonly lastBus: number;
}

export class EcamConfigAccess implements ConfigAccess {
  readonly #registers: RegisterIo;
  readonly #regions: readonly EcamRegion[];

  constructor(registers: RegisterIo, regions: readonly EcamRegion[]) {
    this.#registers = registers;
    this.#regions = regions;
  }

  spaceBytes(): number {
    return 4096;
  }

  read8(id: number, offset: number): number {
    const address = this.#address(id, offset);
    return address < 0 ? 0xff : this.#registers.load8(address);
  }

  read16(id: number, offset: number): number {
    const address = this.#address(id, offset & 0xffe);
    return address < 0 ? 0xffff : this.#registers.load16(address);
  }

  read32(id: number, offset: number): number {
    const address = this.#address(id, offset & 0xffc);
    return address < 0 ? 0xffffffff : this.#registers.load32(address);
  }

  write8(id: number, offset: number, value: number): void {
    const address = this.#address(id, offset);
    if (address >= 0) this.#registers.store8(address, value);
  }

  write16(id: number, offset: number, value: number): void {
    const address = this.#address(id, offset & 0xffe);
    if (address >= 0) this.#registers.store16(address, value);
  }

  write32(id: number, offset: number, value: number): void {
    const address = this.#address(id, offset & 0xffc);
    if (address >= 0) this.#registers.store32(address, value);
  }

  /** -1 when no region covers the bus. */
  #address(id: number, offset: number): number {
    if (offset < 0 || offset > 4095) return -1;
    const segment = segmentOf(id);
    const bus = busOf(id);
    for (const region of this.#regions) {
      if (region.segment !== segment || bus < region.firstBus || bus > region.lastBus) continue;
      return region.base + (id & 0xffff) * 4096 + offset;
    }
    return -1;
  }
}

/** The configuration space of one function; drivers get this rather than the whole bus. */
export class FunctionConfig {
  readonly id: number;
  readonly #access: ConfigAccess;

  constructor(access: ConfigAccess, id: number) {
    this.#access = access;
    this.id = id;
  }

  spaceBytes(): number {
    return this.#access.spaceBytes();
  }

  read8(offset: number): number {
    return this.#access.read8(this.id, offset);
  }

  read16(offset: number): number {
    return this.#access.read16(this.id, offset);
  }

  read32(offset: number): number {
    return this.#access.read32(this.id, offset);
  }

  write8(offset: number, value: number): void {
    this.#access.write8(this.id, offset, value);
  }

  write16(offset: number, value: number): void {
    this.#access.write16(this.id, offset, value);
  }

  write32(offset: number, value: number): void {
    this.#access.write32(this.id, offset, value);
  }
}
