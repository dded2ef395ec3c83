/**
 * Objects as addresses, for the runtime only: natively a reference is its address and never changes; in Node an object
 * gets a number on first request, so that identity hashes and round trips work.
 */
const FIRST_ADDRESS = 0x7000_0000_0000;
const STRIDE_BYTES = 64;

class ObjectAddresses {
  readonly addresses = new WeakMap<object, number>();
  readonly objects = new Map<number, WeakRef<object>>();
  next = FIRST_ADDRESS;
}

let table: ObjectAddresses | undefined;

function addressTable(): ObjectAddresses {
  if (table === undefined) table = new ObjectAddresses();
  return table;
}

/** A cell address that holds no object. */
export class NoObjectError extends Error {
  constructor(address: number) {
    super(`no object was given the address ${address}`);
    this.name = 'NoObjectError';
  }
}

/**
 * The address of an object; the collector does not move objects.
 * @intrinsic objectAddress
 */
export function objectAddress(object: object): number {
  const known = addressTable();
  let address = known.addresses.get(object);
  if (address === undefined) {
    address = known.next;
    known.next += STRIDE_BYTES;
    known.addresses.set(object, address);
    known.objects.set(address, new WeakRef(object));
  }
  return address;
}

/**
 * The object at an address. Preconditions: a T is there.
 * @intrinsic objectAt
 */
export function objectAt<T extends object>(address: number): T {
  const object = addressTable().objects.get(address)?.deref();
  if (object === undefined) throw new NoObjectError(address);
  return object as T;
}
