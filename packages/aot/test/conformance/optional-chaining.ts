interface Node {
  value: number;
  next?: Node;
  name?: string;
  action?: (n: number) => number;
}
const list: Node = { value: 1, next: { value: 2, name: 'two', action: (n) => n * 3 } };
console.log(list.next?.value, list.next?.next?.value, list.name?.length, list.next?.name?.length);
console.log(list.next?.action?.(5), list.action?.(5), list.next?.next?.name ?? 'none');

export {};
