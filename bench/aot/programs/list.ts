class Element {
  constructor(
    readonly value: number,
    readonly next: Element | undefined,
  ) {}

  length(): number {
    return this.next === undefined ? 1 : 1 + this.next.length();
  }
}

function make(length: number): Element | undefined {
  return length === 0 ? undefined : new Element(length, make(length - 1));
}

function isShorter(x: Element | undefined, y: Element | undefined): boolean {
  let a = x;
  let b = y;
  while (b !== undefined) {
    if (a === undefined) return true;
    a = a.next;
    b = b.next;
  }
  return false;
}

function tail(
  x: Element | undefined,
  y: Element | undefined,
  z: Element | undefined,
): Element | undefined {
  if (isShorter(y, x)) {
    return tail(tail(x?.next, y, z), tail(y?.next, z, x), tail(z?.next, x, y));
  }
  return z;
}

/** Takeuchi's function over linked lists of 15, 10 and 6 elements; the result has 10. */
export function run(iterations: number): string {
  let last = 0;
  for (let i = 0; i < iterations; i++) last = tail(make(15), make(10), make(6))?.length() ?? 0;
  return String(last);
}
