class Registry {
  static readonly names: string[] = ['first'];
  static add(name: string): number {
    Registry.names.push(name);
    return Registry.names.length;
  }
}
console.log(Registry.add('second'), Registry.names.join());

export {};
