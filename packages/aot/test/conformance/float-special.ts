const zero = 0.0 * 1.5;
const inf = 1.5 / zero;
const nan = zero / zero;
console.log(inf, -inf, nan, nan === nan, nan !== nan, inf > 1e308, Number.isNaN(nan), Number.isFinite(inf));
console.log(Infinity, -Infinity, NaN, Math.min(1.5, nan), Math.max(-inf, 2.5));

export {};
