console.log((3.14159).toFixed(2), (0.5).toFixed(0), (10).toFixed(1), (1e21).toString());
console.log(Number.parseFloat('2.5'), Number.EPSILON > 0, Number.MIN_SAFE_INTEGER);

export {};
