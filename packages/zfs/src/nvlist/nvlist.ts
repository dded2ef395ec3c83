/**
 * Name-value lists: ZFS's self-describing records, used for labels, pool configuration, history and properties.
 *
 * A value is kept as one of a closed set of kinds; integers of every width are bigint so that nothing is lost.
 */

export const NV_BOOLEAN = 1;
export const NV_BYTE = 2;
export const NV_INT16 = 3;
export const NV_UINT16 = 4;
export const NV_INT32 = 5;
export const NV_UINT32 = 6;
export const NV_INT64 = 7;
export const NV_UINT64 = 8;
export const NV_STRING = 9;
export const NV_BYTE_ARRAY = 10;
export const NV_INT16_ARRAY = 11;
export const NV_UINT16_ARRAY = 12;
export const NV_INT32_ARRAY = 13;
export const NV_UINT32_ARRAY = 14;
export const NV_INT64_ARRAY = 15;
export const NV_UINT64_ARRAY = 16;
export const NV_STRING_ARRAY = 17;
export const NV_HRTIME = 18;
export const NV_LIST = 19;
export const NV_LIST_ARRAY = 20;
export const NV_BOOLEAN_VALUE = 21;
export const NV_INT8 = 22;
export const NV_UINT8 = 23;
export const NV_BOOLEAN_ARRAY = 24;
export const NV_INT8_ARRAY = 25;
export const NV_UINT8_ARRAY = 26;
export const NV_DOUBLE = 27;

/** Lists nest at most this deep in what we accept. */
export const NV_MAX_DEPTH = 20;

export type NvValue =
  | { readonly kind: 'flag' }
  | { readonly kind: 'integer'; readonly type: number; readonly value: bigint }
  | { readonly kind: 'integers'; readonly type: number; readonly values: readonly bigint[] }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'strings'; readonly texts: readonly string[] }
  | { readonly kind: 'bytes'; readonly type: number; readonly bytes: Uint8Array }
  | { readonly kind: 'list'; readonly list: NvList }
  | { readonly kind: 'lists'; readonly lists: readonly NvList[] };

export interface NvPair {
  readonly name: string;
  readonly value: NvValue;
}

export class NvList {
  readonly pairs: NvPair[] = [];
  /** 1: names are unique. */
  flags = 1;

  find(name: string): NvValue | undefined {
    for (const pair of this.pairs) if (pair.name === name) return pair.value;
    return undefined;
  }

  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  u64(name: string): bigint | undefined {
    const value = this.find(name);
    return value !== undefined && value.kind === 'integer' ? value.value : undefined;
  }

  /** A safe integer, or `otherwise` when the name is absent or the value too large. */
  int(name: string, otherwise: number): number {
    const value = this.u64(name);
    if (value === undefined || value < 0n || value > 9007199254740991n) return otherwise;
    return Number(value);
  }

  text(name: string): string | undefined {
    const value = this.find(name);
    return value !== undefined && value.kind === 'string' ? value.text : undefined;
  }

  bytesOf(name: string): Uint8Array | undefined {
    const value = this.find(name);
    return value !== undefined && value.kind === 'bytes' ? value.bytes : undefined;
  }

  list(name: string): NvList | undefined {
    const value = this.find(name);
    return value !== undefined && value.kind === 'list' ? value.list : undefined;
  }

  lists(name: string): readonly NvList[] {
    const value = this.find(name);
    return value !== undefined && value.kind === 'lists' ? value.lists : [];
  }

  integers(name: string): readonly bigint[] {
    const value = this.find(name);
    return value !== undefined && value.kind === 'integers' ? value.values : [];
  }

  set(name: string, value: NvValue): this {
    for (let i = 0; i < this.pairs.length; i++) {
      if (this.pairs[i].name === name) {
        this.pairs[i] = { name, value };
        return this;
      }
    }
    this.pairs.push({ name, value });
    return this;
  }

  setFlag(name: string): this {
    return this.set(name, { kind: 'flag' });
  }

  setInt(name: string, value: bigint): this {
    return this.set(name, {
      kind: 'integer',
      type: NV_UINT64,
      value: BigInt.asUintN(64, value),
    });
  }

  setText(name: string, text: string): this {
    return this.set(name, { kind: 'string', text });
  }

  setList(name: string, list: NvList): this {
    return this.set(name, { kind: 'list', list });
  }

  setLists(name: string, lists: readonly NvList[]): this {
    return this.set(name, { kind: 'lists', lists });
  }
}
