/**
 * Subsystem descriptors: data that says what a piece of the kernel provides, what it needs, and where its constructor is.
 *
 * A descriptor is evaluated in Node while an image is composed; the constructor is never called there. `boot` validates the
 * options, writes them as literals into the generated entry module, and lets aot compile the call
 *
 *     const NAME = CONSTRUCTOR(OPTIONS, NEED, NEED, ...)     // needs in the order of the descriptor
 *
 * so the descriptor of any npm package that carries its sources can take part, and TypeScript's structural types check at
 * compile time that what one provides is what the other needs.
 */
export type OptionKind = 'boolean' | 'number' | 'string';

export interface OptionSchema {
  readonly kind: OptionKind;
  readonly default: boolean | number | string;
  readonly description: string;
  /** Bounds of a number, inclusive. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** The only strings allowed. */
  readonly oneOf?: readonly string[];
}

/** A contract and its version: a provider and its user must name the same of both. */
export interface Contract {
  readonly contract: string;
  readonly version: number;
}

export interface Need extends Contract {
  /** `one`: exactly one provider. `optional`: none or one. `many`: any number, as an array. Default `one`. */
  readonly count?: 'one' | 'optional' | 'many';
}

export interface SubsystemDescriptor {
  /** Unique within an image; a letter, then letters and digits. Names the constant in the generated entry. */
  readonly name: string;
  readonly provides: readonly Contract[];
  readonly needs: readonly Need[];
  readonly options: Readonly<Record<string, OptionSchema>>;
  /** The module that exports the constructor, as an import specifier: '@tessera/vfs/kernel'. */
  readonly module: string;
  readonly construct: string;
}

export type OptionValues = Readonly<Record<string, boolean | number | string>>;

/** A descriptor with the options that the user chose. */
export interface Subsystem {
  readonly descriptor: SubsystemDescriptor;
  readonly options: OptionValues;
}

/**
 * Makes the function by which users choose a subsystem: `export const zfs = subsystem({ name: 'zfs', ... })`, then
 * `defineImage({ subsystems: [zfs({ arcBytes: 1 << 24 })] })`.
 */
export function subsystem(descriptor: SubsystemDescriptor): (options?: OptionValues) => Subsystem {
  return (options = {}) => ({ descriptor, options });
}
