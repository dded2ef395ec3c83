/** The program's memory through machine's accessors: every access may fault pages in, and reports what it cannot reach. */
import {
  addressOf,
  copyFromUser,
  copyToUser,
  fillUser,
  type u64,
  userCompareExchange32,
  userFaulted,
  userLoad8,
  userLoad32,
  userLoad64,
  userStore8,
  userStore32,
  userStore64,
  userStringLength,
} from '@tessera/machine';
import type { UserMemory } from '../contract.js';

export class KernelUserMemory implements UserMemory {
  copyIn(address: number, into: Uint8Array, bytes: number): boolean {
    return copyFromUser(addressOf(into), address, bytes) === 0;
  }

  copyOut(address: number, from: Uint8Array, bytes: number): boolean {
    return copyToUser(address, addressOf(from), bytes) === 0;
  }

  fill(address: number, byte: number, bytes: number): boolean {
    return fillUser(address, byte, bytes) === 0;
  }

  load8(address: number): number {
    return userLoad8(address);
  }

  load32(address: number): number {
    return userLoad32(address);
  }

  load64(address: number): u64 {
    return userLoad64(address);
  }

  faulted(): boolean {
    return userFaulted();
  }

  store8(address: number, value: number): boolean {
    return userStore8(address, value);
  }

  store32(address: number, value: number): boolean {
    return userStore32(address, value);
  }

  store64(address: number, value: u64): boolean {
    return userStore64(address, value);
  }

  compareExchange32(address: number, expected: number, replacement: number): number {
    return userCompareExchange32(address, expected, replacement);
  }

  stringLength(address: number, maxBytes: number): number {
    return userStringLength(address, maxBytes);
  }
}
