type Level = 'low' | 'mid' | 'high';
function next(l: Level): Level {
  return l === 'low' ? 'mid' : l === 'mid' ? 'high' : 'low';
}
let l: Level = 'low';
for (let i = 0; i < 4; i++) l = next(l);
type Bit = 0 | 1;
const bits: Bit[] = [0, 1, 1];
console.log(l, bits.join(''));

export {};
