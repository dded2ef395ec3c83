class Disk {
  next: Disk | undefined = undefined;

  constructor(readonly size: number) {}
}

class Towers {
  moves = 0;
  private readonly piles: (Disk | undefined)[] = [undefined, undefined, undefined];

  private push(disk: Disk, pile: number): void {
    const top = this.piles[pile];
    if (top !== undefined && disk.size >= top.size)
      throw new Error('Cannot put a big disk on a smaller one');
    disk.next = top;
    this.piles[pile] = disk;
  }

  private pop(pile: number): Disk {
    const top = this.piles[pile];
    if (top === undefined) throw new Error('Attempting to remove a disk from an empty pile');
    this.piles[pile] = top.next;
    top.next = undefined;
    return top;
  }

  build(pile: number, disks: number): void {
    for (let i = disks; i >= 0; i--) this.push(new Disk(i), pile);
  }

  move(disks: number, from: number, to: number): void {
    if (disks === 1) {
      this.push(this.pop(from), to);
      this.moves += 1;
      return;
    }
    const other = 3 - from - to;
    this.move(disks - 1, from, other);
    this.move(1, from, to);
    this.move(disks - 1, other, to);
  }
}

/** Towers of Hanoi with 13 disks; 8,191 moves. */
export function run(iterations: number): string {
  let last = 0;
  for (let i = 0; i < iterations; i++) {
    const towers = new Towers();
    towers.build(0, 13);
    towers.move(13, 0, 1);
    last = towers.moves;
  }
  return String(last);
}
