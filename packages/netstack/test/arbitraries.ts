import fc from 'fast-check';
import { IpAddress, ipv4FromWord } from '../src/wire/address.js';
import { MacAddress } from '../src/wire/ethernet.js';
import { TcpOptions } from '../src/wire/tcp-options.js';

export const word: fc.Arbitrary<number> = fc.integer({ min: -0x80000000, max: 0x7fffffff });
export const unsigned32: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffffffff });
export const u16: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff });
export const u8: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xff });
export const v4: fc.Arbitrary<IpAddress> = word.map(ipv4FromWord);
export const v6: fc.Arbitrary<IpAddress> = fc
  .tuple(word, word, fc.oneof(word, fc.constant(0)), fc.oneof(word, fc.constant(0)))
  .map(([a, b, c, d]) => new IpAddress(a, b, c, d));
export const address: fc.Arbitrary<IpAddress> = fc.oneof(v4, v6);
export const mac: fc.Arbitrary<MacAddress> = fc
  .tuple(u16, word)
  .map(([h, l]) => new MacAddress(h, l));
export const maybeMac: fc.Arbitrary<MacAddress | undefined> = fc.option(mac, { nil: undefined });
export const bytes = (max: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: 0, maxLength: max });
export const label: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789-'), {
    minLength: 1,
    maxLength: 12,
  })
  .map((c) => c.join(''));
export const dnsName: fc.Arbitrary<string> = fc
  .array(label, { minLength: 0, maxLength: 6 })
  .map((l) => l.join('.'));

export const tcpOptions: fc.Arbitrary<TcpOptions> = fc
  .record({
    mss: u16,
    windowScale: fc.integer({ min: -1, max: 14 }),
    sackPermitted: fc.boolean(),
    timestamp: fc.option(fc.tuple(word, word), { nil: undefined }),
    sack: fc.array(fc.tuple(word, word), { maxLength: 4 }),
    fastOpen: fc.option(
      fc.uint8Array({ minLength: 4, maxLength: 16 }).filter((c) => c.length % 2 === 0),
      { nil: undefined },
    ),
    experimental: fc.boolean(),
  })
  .map((v) => {
    const options = new TcpOptions();
    options.mss = v.mss;
    options.windowScale = v.windowScale;
    options.sackPermitted = v.sackPermitted;
    if (v.timestamp !== undefined) {
      options.hasTimestamp = true;
      options.timestampValue = v.timestamp[0];
      options.timestampEcho = v.timestamp[1];
    }
    // A cookie and SACK blocks never travel together, and would not fit.
    if (v.fastOpen !== undefined && v.fastOpen.length <= 8) {
      options.fastOpenBytes = v.fastOpen.length;
      options.fastOpenCookie.set(v.fastOpen);
      options.fastOpenExperimental = v.experimental;
    } else {
      v.sack.slice(0, 3).forEach(([start, end], i) => {
        options.sackStart[i] = start;
        options.sackEnd[i] = end;
      });
      options.sackCount = Math.min(v.sack.length, 3);
      if (options.byteLength > 40 || options.hasTimestamp || options.mss !== 0)
        options.sackCount = Math.min(options.sackCount, 1);
    }
    return options;
  });

/** Plain form of a value for comparison: classes become their text or fields. */
export function plain(value: unknown): unknown {
  if (value instanceof IpAddress || value instanceof MacAddress)
    return `${value}/${value instanceof IpAddress && value.isV4}`;
  if (value instanceof TcpOptions) {
    return {
      mss: value.mss,
      ws: value.windowScale,
      sp: value.sackPermitted,
      ts: value.hasTimestamp ? [value.timestampValue, value.timestampEcho] : 0,
      sack: [
        ...value.sackStart.slice(0, value.sackCount),
        ...value.sackEnd.slice(0, value.sackCount),
      ],
      fo:
        value.fastOpenBytes < 0
          ? -1
          : [value.fastOpenExperimental, ...value.fastOpenCookie.slice(0, value.fastOpenBytes)],
    };
  }
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  return value;
}

/** Bytes whose out-of-range reads throw, as they would panic natively; JavaScript would read `undefined`. */
export function guarded(source: Uint8Array): Uint8Array {
  return new Proxy(source, {
    get(target, key) {
      if (
        typeof key === 'string' &&
        /^-?\d+$|NaN/.test(key) &&
        !(Number(key) >= 0 && Number(key) < target.length)
      )
        throw new Error(`read at ${key} of ${target.length}`);
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
