class Node {
  left: Node | undefined = undefined;
  right: Node | undefined = undefined;
  parent: Node | undefined = undefined;
  red = true;

  constructor(
    readonly key: number,
    public value: number,
  ) {}
}

/** A red-black tree with parent links. */
export class Tree {
  root: Node | undefined = undefined;
  size = 0;

  private replace(old: Node, by: Node | undefined): void {
    const parent = old.parent;
    if (parent === undefined) this.root = by;
    else if (parent.left === old) parent.left = by;
    else parent.right = by;
    if (by !== undefined) by.parent = parent;
  }

  private rotateLeft(node: Node): void {
    const pivot = node.right!;
    this.replace(node, pivot);
    node.right = pivot.left;
    if (node.right !== undefined) node.right.parent = node;
    pivot.left = node;
    node.parent = pivot;
  }

  private rotateRight(node: Node): void {
    const pivot = node.left!;
    this.replace(node, pivot);
    node.left = pivot.right;
    if (node.left !== undefined) node.left.parent = node;
    pivot.right = node;
    node.parent = pivot;
  }

  get(key: number): number | undefined {
    let node = this.root;
    while (node !== undefined) {
      if (key === node.key) return node.value;
      node = key < node.key ? node.left : node.right;
    }
    return undefined;
  }

  set(key: number, value: number): void {
    let parent: Node | undefined;
    let at = this.root;
    while (at !== undefined) {
      if (key === at.key) {
        at.value = value;
        return;
      }
      parent = at;
      at = key < at.key ? at.left : at.right;
    }
    const node = new Node(key, value);
    node.parent = parent;
    if (parent === undefined) this.root = node;
    else if (key < parent.key) parent.left = node;
    else parent.right = node;
    this.size += 1;
    this.repairInsert(node);
  }

  private repairInsert(inserted: Node): void {
    let node = inserted;
    while (node.parent?.red) {
      const parent = node.parent;
      const grandparent = parent.parent!;
      const onLeft = grandparent.left === parent;
      const uncle = onLeft ? grandparent.right : grandparent.left;
      if (uncle?.red) {
        parent.red = false;
        uncle.red = false;
        grandparent.red = true;
        node = grandparent;
        continue;
      }
      if (onLeft && parent.right === node) {
        this.rotateLeft(parent);
        node = parent;
      } else if (!onLeft && parent.left === node) {
        this.rotateRight(parent);
        node = parent;
      }
      node.parent!.red = false;
      grandparent.red = true;
      if (onLeft) this.rotateRight(grandparent);
      else this.rotateLeft(grandparent);
    }
    this.root!.red = false;
  }

  /** In-order walk without recursion; the digest shows order and content. */
  digest(): number {
    let sum = 0;
    let node = this.root;
    while (node?.left !== undefined) node = node.left;
    while (node !== undefined) {
      sum = (sum * 33 + node.key + node.value) % 1000003;
      if (node.right !== undefined) {
        node = node.right;
        while (node.left !== undefined) node = node.left;
      } else {
        let child: Node | undefined = node;
        node = node.parent;
        while (node !== undefined && node.right === child) {
          child = node;
          node = node.parent;
        }
      }
    }
    return sum;
  }
}

/** 20,000 insertions and 20,000 look-ups an iteration. */
export function run(iterations: number): string {
  let digest = 0;
  for (let n = 0; n < iterations; n++) {
    const tree = new Tree();
    for (let i = 0; i < 20000; i++) tree.set((i * 7919) % 20011, i);
    let found = 0;
    for (let i = 0; i < 20000; i++) if (tree.get(i) !== undefined) found += 1;
    digest = tree.digest() + found;
  }
  return String(digest);
}
