class Tree {
  left: Tree | undefined;
  right: Tree | undefined;
  constructor(readonly key: number) {}
  insert(k: number): void {
    if (k < this.key) {
      if (this.left === undefined) this.left = new Tree(k);
      else this.left.insert(k);
    } else if (this.right === undefined) this.right = new Tree(k);
    else this.right.insert(k);
  }
  walk(visit: (k: number) => void): void {
    this.left?.walk(visit);
    visit(this.key);
    this.right?.walk(visit);
  }
  depth(): number {
    return 1 + Math.max(this.left?.depth() ?? 0, this.right?.depth() ?? 0);
  }
}
const root = new Tree(50);
for (const k of [20, 70, 10, 30, 60, 90, 25]) root.insert(k);
const keys: number[] = [];
root.walk((k) => keys.push(k));
console.log(keys.join(), root.depth());

export {};
