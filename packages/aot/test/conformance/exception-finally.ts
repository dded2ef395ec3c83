function f(mode: number): string {
  let log = '';
  try {
    try {
      log += 't';
      if (mode === 1) throw new Error('x');
      if (mode === 2) return log + 'r';
      log += 'n';
    } catch {
      log += 'c';
      if (mode === 1) throw new Error('again');
    } finally {
      log += 'f';
      console.log('finally', mode, log);
    }
  } catch (e) {
    log += (e as Error).message;
  }
  return log;
}
console.log(f(0), f(1), f(2));

export {};
