/** The heap's only way to fail: there is no memory left, and no object can be made to say so. */
import { panic } from '../console.js';

export function outOfMemory(): never {
  return panic('out of memory');
}
