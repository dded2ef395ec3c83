class Timer {
  private ticks = 0;
  run(times: number, each: (f: () => void) => void): number {
    for (let i = 0; i < times; i++) {
      each(() => {
        this.ticks += i;
      });
    }
    return this.ticks;
  }
}
console.log(new Timer().run(4, (f) => { f(); f(); }));

export {};
