class ListNode<T> {
  next: ListNode<T> | undefined;
  constructor(readonly value: T) {}
}
class LinkedList<T> {
  private head: ListNode<T> | undefined;
  private tail: ListNode<T> | undefined;
  length = 0;
  add(v: T): void {
    const n = new ListNode(v);
    if (this.tail === undefined) this.head = n;
    else this.tail.next = n;
    this.tail = n;
    this.length++;
  }
  *[Symbol.iterator](): Generator<T> {
    for (let n = this.head; n !== undefined; n = n.next) yield n.value;
  }
}
const l = new LinkedList<string>();
l.add('a');
l.add('b');
let out = '';
for (const x of l) out += x;
console.log(out, l.length);

export {};
