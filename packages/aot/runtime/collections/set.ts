/** Set: insertion order, elements by value (strings) or identity. */
import { hashOf } from '../primitives.js';
import { OrderedKeys } from './ordered-keys.js';

export class SetImpl<T> extends OrderedKeys<T> {
  add(element: T): this {
    const hash = hashOf(element) >>> 1;
    if (this.find(element, hash) < 0) this.append(element, hash);
    return this;
  }

  forEach(f: (element: T, again: T, set: SetImpl<T>) => void): void {
    let position = this.nextIndex(0);
    while (position >= 0) {
      const element = this.keyAt(position);
      f(element, element, this);
      position = this.nextIndex(position + 1);
    }
  }
}
