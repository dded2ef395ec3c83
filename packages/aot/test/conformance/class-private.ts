class Vault {
  #secret = 1;
  private soft = 2;
  static #count = 0;
  bump(): number {
    this.#secret *= 3;
    Vault.#count++;
    return this.#secret + this.soft + this.#hidden();
  }
  #hidden(): number {
    return Vault.#count * 100;
  }
}
const v = new Vault();
console.log(v.bump(), v.bump());

export {};
