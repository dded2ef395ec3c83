/** Map: insertion order, keys by value (strings) or identity. */
import { clearElement } from '../arrays/storage.js';
import { hashOf } from '../primitives.js';
import { OrderedKeys } from './ordered-keys.js';

export class MapImpl<K, V> extends OrderedKeys<K> {
  private valueList: V[] = [];

  get(key: K): V | undefined {
    const entry = this.find(key, hashOf(key) >>> 1);
    if (entry < 0) return undefined;
    return this.valueList[entry];
  }

  set(key: K, value: V): this {
    const hash = hashOf(key) >>> 1;
    const entry = this.find(key, hash);
    if (entry >= 0) {
      this.valueList[entry] = value;
      return this;
    }
    this.append(key, hash);
    this.valueList.push(value);
    return this;
  }

  /** The value at a position that `nextIndex` gave. */
  valueAt(position: number): V {
    return this.valueList[this.entryFrom(position)];
  }

  forEach(f: (value: V, key: K, map: MapImpl<K, V>) => void): void {
    let position = this.nextIndex(0);
    while (position >= 0) {
      f(this.valueAt(position), this.keyAt(position), this);
      position = this.nextIndex(position + 1);
    }
  }

  protected override moveValue(to: number, from: number): void {
    this.valueList[to] = this.valueList[from];
  }

  protected override dropValues(count: number): void {
    this.valueList.length = count;
  }

  protected override forgetValue(entry: number): void {
    clearElement(this.valueList, entry);
  }
}
