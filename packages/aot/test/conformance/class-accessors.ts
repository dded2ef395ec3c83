class Temp {
  private kelvin = 300;
  get celsius(): number {
    return this.kelvin - 273;
  }
  set celsius(c: number) {
    this.kelvin = c + 273;
  }
  get hot(): boolean {
    return this.celsius > 30;
  }
  static get zero(): number {
    return -273;
  }
}
const t = new Temp();
console.log(t.celsius, t.hot);
t.celsius = 40;
t.celsius += 2;
console.log(t.celsius, t.hot, Temp.zero);

export {};
