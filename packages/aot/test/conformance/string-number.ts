console.log(String(42), (42).toString(), (255).toString(16), (255).toString(2), (-255).toString(36), Number('17'), Number('0x1f'));
console.log(parseInt('42abc', 10), parseInt('ff', 16), Number.parseInt('-7', 10), parseFloat('3.25xyz'), '5' + 5, 1 + 2 + '3');

export {};
