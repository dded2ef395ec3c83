/**
 * Garbage-collector stress for the process target: graphs that change at random while collections run all the time, each
 * checked against what it must contain, and the whole heap against its rules. Prints counts and "ok".
 *
 * Run by gc-stress.test.ts; alone: `tessera-aot gc-stress.ts -o stress && ./stress`.
 */
import {
  collectCompletely,
  countObjects,
  cycles,
  setMinimumThreshold,
  setThreshold,
  verifyHeap,
} from '../../runtime/heap/index.js';

class Random {
  private state: number;
  constructor(seed: number) {
    this.state = seed;
  }

  next(limit: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.trunc(((this.state >>> 8) * limit) / 16777216);
  }
}

class Tree {
  readonly key: number;
  left: Tree | undefined;
  right: Tree | undefined;
  readonly text: string;
  readonly blob: Uint8Array;
  constructor(key: number, depth: number) {
    this.key = key;
    this.text = `tree ${key}`;
    this.blob = new Uint8Array(key % 61);
    this.blob.fill(key & 0xff);
    this.left = depth > 0 ? new Tree(key * 2, depth - 1) : undefined;
    this.right = depth > 0 ? new Tree(key * 2 + 1, depth - 1) : undefined;
  }

  check(): number {
    if (this.text !== `tree ${this.key}`) return -1_000_000_000;
    for (let i = 0; i < this.blob.length; i++)
      if (this.blob[i] !== (this.key & 0xff)) return -1_000_000_000;
    let sum = 1;
    if (this.left !== undefined) sum += this.left.check();
    if (this.right !== undefined) sum += this.right.check();
    return sum;
  }
}

interface Shape {
  area(): number;
}

class Square implements Shape {
  readonly side: number;
  constructor(side: number) {
    this.side = side;
  }
  area(): number {
    return this.side * this.side;
  }
}

let failures = 0;

function expect(condition: boolean, what: string): void {
  if (!condition) {
    failures++;
    console.log(`FAILED: ${what}`);
  }
}

function trees(random: Random, rounds: number): void {
  const forest: Tree[] = [];
  for (let i = 0; i < 40; i++) forest.push(new Tree(i + 1, 4));
  for (let round = 0; round < rounds; round++) {
    const i = random.next(40);
    const victim = forest[i];
    // Exchange subtrees between two trees, replace one, read all of a third.
    const other = forest[random.next(40)];
    const kept = victim.left;
    victim.left = other.right;
    other.right = kept;
    if (random.next(3) === 0) forest[i] = new Tree(random.next(100000) + 1, 4);
    const sum = forest[random.next(40)].check();
    expect(sum > 0, `tree of ${sum}`);
    if (round % 50 === 0) for (const tree of forest) tree.left = new Tree(tree.key + 7, 2);
  }
}

function maps(random: Random, rounds: number): void {
  const map = new Map<string, number[]>();
  const model: number[] = [];
  for (let i = 0; i < 500; i++) model.push(-1);
  for (let round = 0; round < rounds; round++) {
    const key = random.next(500);
    const name = `key-${key}`;
    if (random.next(3) === 0) {
      expect(map.delete(name) === model[key] >= 0, `delete ${name}`);
      model[key] = -1;
    } else {
      const length = random.next(30);
      const list: number[] = [];
      for (let i = 0; i < length; i++) list.push(key + i);
      map.set(name, list);
      model[key] = length;
    }
    const probe = random.next(500);
    const found = map.get(`key-${probe}`);
    if (found === undefined) expect(model[probe] < 0, `key-${probe} is missing`);
    else {
      expect(found.length === model[probe], `key-${probe} has ${found.length}`);
      for (let i = 0; i < found.length; i++) expect(found[i] === probe + i, `key-${probe}[${i}]`);
    }
  }
}

function closures(random: Random, rounds: number): void {
  const callbacks: (() => number)[] = [];
  const shapes: Shape[] = [];
  for (let round = 0; round < rounds; round++) {
    const a = random.next(1000);
    const text = `closure ${a}`;
    callbacks.push(() => a + text.length);
    shapes.push(new Square(a));
    if (callbacks.length > 300) {
      const i = random.next(300);
      const area = shapes[i].area();
      const side = Math.trunc(Math.sqrt(area) + 0.5);
      expect(callbacks[i]() === side + `closure ${side}`.length, `closure ${side}`);
      callbacks.splice(random.next(callbacks.length), 1);
      shapes.length = 0;
      callbacks.length = 0;
    }
  }
}

function strings(random: Random, rounds: number): void {
  const parts: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const n = random.next(100000);
    parts.push(n % 7 === 0 ? `\u20ac${n}` : `${n}`);
    if (parts.length === 60) {
      const joined = parts.join(';');
      const again = joined.split(';');
      expect(again.length === 60, 'split');
      for (let i = 0; i < again.length; i++) expect(again[i] === parts[i], `part ${i}`);
      parts.splice(random.next(30), 30);
    }
  }
}

function large(random: Random, rounds: number): void {
  const kept: number[][] = [];
  for (let round = 0; round < rounds; round++) {
    const list: number[] = [];
    const length = 5000 + random.next(20000);
    for (let i = 0; i < length; i++) list.push(i ^ round);
    list.push(round);
    if (kept.length < 5) kept.push(list);
    else kept[random.next(5)] = list;
    const probe = kept[random.next(kept.length)];
    const mark = probe[probe.length - 1];
    const at = random.next(probe.length - 1);
    expect(probe[at] === (at ^ mark), `large list at ${at}`);
  }
}

/** A list whose only reference is on the stack while its nodes are made. */
function deepList(length: number): number {
  interface Node {
    value: number;
    next: Node | undefined;
  }
  let head: Node | undefined;
  for (let i = 0; i < length; i++) head = { value: i, next: head };
  let sum = 0;
  for (let node = head; node !== undefined; node = node.next) sum += node.value;
  return sum;
}

export function main(): void {
  setMinimumThreshold(200_000);
  setThreshold(200_000);
  const random = new Random(12345);
  for (let round = 0; round < 8; round++) {
    trees(random, 400);
    maps(random, 3000);
    closures(random, 3000);
    strings(random, 3000);
    large(random, 12);
    expect(deepList(50_000) === 1_249_975_000, 'list');
    const rule = verifyHeap();
    expect(rule === 0, `heap rule ${rule}`);
  }
  collectCompletely();
  const rule = verifyHeap();
  expect(rule === 0, `heap rule ${rule} at the end`);
  const left = countObjects();
  // Of millions. A word on the stack that looks like the head of the last list may keep all 50,000 nodes of it.
  expect(left < 70_000, `${left} objects left`);
  expect(cycles > 20, `only ${cycles} collections`);
  console.log(failures === 0 ? 'ok' : `${failures} failures`);
}
