type Shape =
  | { kind: 'circle'; r: number }
  | { kind: 'rect'; w: number; h: number }
  | { kind: 'empty' };
function area(s: Shape): number {
  switch (s.kind) {
    case 'circle':
      return 3 * s.r * s.r;
    case 'rect':
      return s.w * s.h;
    case 'empty':
      return 0;
  }
}
const shapes: Shape[] = [{ kind: 'circle', r: 2 }, { kind: 'rect', w: 2, h: 5 }, { kind: 'empty' }];
console.log(shapes.map(area).join(), shapes.map((s) => s.kind).join());

export {};
