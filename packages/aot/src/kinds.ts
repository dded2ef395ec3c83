/**
 * Kinds: how a value sits in a register. Every TypeScript type maps to exactly one; generics are instantiated per kind, not
 * per type, so that `List<Dog>` and `List<Cat>` share code. `str`, `ref` and `val` are one machine word: `val` is the tagged
 * word of a mixed union (low bit 1 = int, 2 and 10 = false and true, 0 = undefined, else a pointer).
 */
export type Kind = 'int' | 'f64' | 'bool' | 'u64' | 'i64' | 'str' | 'ref' | 'val' | 'void';

/** Storage width of a field whose type carries a weak brand. */
export type Storage = 'u8' | 'u16' | 'u32' | 'i8' | 'i16' | 'i32' | 'f32' | 'word';

const cTypes: Record<Kind, string> = {
  int: 'int64_t',
  f64: 'double',
  bool: 'bool',
  u64: 'uint64_t',
  i64: 'int64_t',
  str: 'ref',
  ref: 'ref',
  val: 'ref',
  void: 'void',
};

export function cType(kind: Kind): string {
  return cTypes[kind];
}

/** The C type a throwing function of this result kind returns. */
export function throwingType(kind: Kind): string {
  switch (kind) {
    case 'int':
    case 'i64':
      return 'ts_ri';
    case 'u64':
      return 'ts_ru';
    case 'f64':
      return 'ts_rd';
    case 'bool':
      return 'ts_rb';
    case 'void':
      return 'ref';
    default:
      return 'ts_rr';
  }
}

export function isReference(kind: Kind): boolean {
  return kind === 'str' || kind === 'ref' || kind === 'val';
}

/** The kind that also holds `undefined`. */
export function optional(kind: Kind): Kind {
  return isReference(kind) ? kind : 'val';
}

/** The common kind of a union's members (`nullish` = undefined or null is one of them). */
export function unite(kinds: Kind[], nullish: boolean): Kind {
  let result: Kind | undefined;
  for (const kind of kinds) {
    if (result === undefined || result === kind) result = kind;
    else if ((result === 'int' && kind === 'f64') || (result === 'f64' && kind === 'int')) {
      result = 'f64';
    } else if ((result === 'u64' && kind === 'i64') || (result === 'i64' && kind === 'u64')) {
      result = 'i64';
    } else return 'val';
  }
  if (result === undefined) return 'ref';
  return nullish ? optional(result) : result;
}

/** Letter used in C names and dispatch signatures. */
export function kindLetter(kind: Kind): string {
  const letters: Record<Kind, string> = {
    int: 'i',
    f64: 'd',
    bool: 'b',
    u64: 'u',
    i64: 'l',
    str: 's',
    ref: 'r',
    val: 'v',
    void: 'n',
  };
  return letters[kind];
}

/** Class id of an array header by element kind. */
export function arrayClass(kind: Kind): number {
  switch (kind) {
    case 'int':
      return 7;
    case 'f64':
      return 8;
    case 'bool':
      return 9;
    case 'u64':
      return 10;
    case 'i64':
      return 11;
    default:
      return 12;
  }
}

/** C type of an array element: booleans widen to a word. */
export function elementType(kind: Kind): string {
  return kind === 'bool' ? 'int64_t' : cType(kind);
}

export interface ViewType {
  readonly cls: number;
  readonly width: number;
  readonly c: string;
  readonly kind: Kind;
}

/** Typed arrays by constructor name. */
export const viewTypes: ReadonlyMap<string, ViewType> = new Map([
  ['Int8Array', { cls: 20, width: 1, c: 'int8_t', kind: 'int' }],
  ['Uint8Array', { cls: 21, width: 1, c: 'uint8_t', kind: 'int' }],
  ['Uint8ClampedArray', { cls: 22, width: 1, c: 'uint8_t', kind: 'int' }],
  ['Int16Array', { cls: 23, width: 2, c: 'int16_t', kind: 'int' }],
  ['Uint16Array', { cls: 24, width: 2, c: 'uint16_t', kind: 'int' }],
  ['Int32Array', { cls: 25, width: 4, c: 'int32_t', kind: 'int' }],
  ['Uint32Array', { cls: 26, width: 4, c: 'uint32_t', kind: 'int' }],
  ['Float32Array', { cls: 27, width: 4, c: 'float', kind: 'f64' }],
  ['Float64Array', { cls: 28, width: 8, c: 'double', kind: 'f64' }],
  ['BigInt64Array', { cls: 29, width: 8, c: 'int64_t', kind: 'i64' }],
  ['BigUint64Array', { cls: 30, width: 8, c: 'uint64_t', kind: 'u64' }],
]);

export interface StorageType {
  readonly c: string;
  readonly width: number;
  readonly low: number;
  readonly high: number;
}

export const storageTypes: Record<Exclude<Storage, 'word'>, StorageType> = {
  u8: { c: 'uint8_t', width: 1, low: 0, high: 255 },
  u16: { c: 'uint16_t', width: 2, low: 0, high: 65535 },
  u32: { c: 'uint32_t', width: 4, low: 0, high: 4294967295 },
  i8: { c: 'int8_t', width: 1, low: -128, high: 127 },
  i16: { c: 'int16_t', width: 2, low: -32768, high: 32767 },
  i32: { c: 'int32_t', width: 4, low: -2147483648, high: 2147483647 },
  f32: { c: 'float', width: 4, low: 0, high: 0 },
};
