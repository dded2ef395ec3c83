import { Random } from './random.js';

class TreeNode {
  readonly children: TreeNode[] = [];
}

class Storage {
  count = 0;

  build(depth: number, random: Random): TreeNode {
    this.count += 1;
    const node = new TreeNode();
    if (depth === 1) {
      const leaves = (random.next() % 10) + 1;
      for (let i = 0; i < leaves; i++) node.children.push(new TreeNode());
    } else {
      for (let i = 0; i < 4; i++) node.children.push(this.build(depth - 1, random));
    }
    return node;
  }
}

/** A tree of arrays, seven levels deep: the collector's benchmark; 5,461 nodes built. */
export function run(iterations: number): string {
  let last = 0;
  for (let i = 0; i < iterations; i++) {
    const storage = new Storage();
    storage.build(7, new Random());
    last = storage.count;
  }
  return String(last);
}
