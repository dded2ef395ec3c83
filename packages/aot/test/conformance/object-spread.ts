interface Options {
  host: string;
  port: number;
  tls?: boolean;
}
const defaults: Options = { host: 'localhost', port: 80 };
function make(o: Partial<Options>): Options {
  return { ...defaults, ...o };
}
const m = make({ port: 443, tls: true });
console.log(m.host, m.port, m.tls, make({}).port);

export {};
