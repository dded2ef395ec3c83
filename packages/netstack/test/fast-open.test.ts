import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Connection } from '../src/tcp/connection.js';
import { VirtualNetwork } from '../src/testing/index.js';
import { ip, pattern } from './transfer.js';

function setup(seed: number, lossPercent = 0) {
  const network = new VirtualNetwork(seed);
  const link = network.link({ delayUs: 10_000, lossPercent });
  const a = network.stack();
  const b = network.stack();
  network.attach(a, link.ends[0], ['10.0.0.1/24']);
  network.attach(b, link.ends[1], ['10.0.0.2/24']);
  const listener = b.tcpListen(undefined, 80).listener!;
  listener.fastOpen = true;
  /** One request; returns how long until the server could read it, and the bytes. */
  const request = (data: Uint8Array): { us: number; bytes: Uint8Array } => {
    const start = network.now;
    const client = a.tcpConnect(ip('10.0.0.2'), 80).connection!;
    client.fastOpen = true;
    let written = client.write(data);
    client.observer = {
      changed: () => {
        written += client.write(data, written);
      },
    };
    let server: Connection | undefined;
    const bytes = new Uint8Array(data.length + 1);
    let got = 0;
    let first = 0;
    assert.ok(
      network.run(() => {
        server ??= listener.accept();
        if (server !== undefined) got += server.read(bytes, got);
        if (got > 0 && first === 0) first = network.now;
        return got >= data.length;
      }, 600_000_000),
    );
    server!.close();
    client.close();
    network.advance(2_000_000);
    return { us: first - start, bytes: bytes.slice(0, got) };
  };
  return { network, link, a, b, request };
}

test('the first connection fetches a cookie, the second carries data in its SYN: one round trip saved', () => {
  const { a, b, request } = setup(1);
  request(pattern(10, 1));
  const slow = request(pattern(300, 2));
  assert.equal(slow.bytes, pattern(300, 2));
  assert.is(a.tcp.environment.counters.fastOpenSent, 1);
  assert.is(b.tcp.environment.counters.fastOpenAccepted, 1);
  assert.is(slow.us, 10_000, 'half a round trip');
  const big = request(pattern(50_000, 3));
  assert.equal(big.bytes, pattern(50_000, 3));
  assert.is(a.tcp.environment.counters.fastOpenSent, 2);
});

test('a wrong cookie is answered with the right one, and the data goes the long way', () => {
  const { a, b, request } = setup(2);
  request(pattern(10, 1));
  const known = a.tcp.environment.fastOpen.known(ip('10.0.0.2'))!;
  known.bytes[0] ^= 1;
  const second = request(pattern(300, 2));
  assert.equal(second.bytes, pattern(300, 2));
  assert.is(second.us, 30_000);
  assert.is(b.tcp.environment.counters.fastOpenAccepted, 0);
  request(pattern(300, 3));
  assert.is(b.tcp.environment.counters.fastOpenAccepted, 1, 'the new cookie works');
});

test('under loss every byte still arrives once', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { request } = setup(seed, 20);
    for (let i = 0; i < 4; i++)
      assert.equal(request(pattern(2000, seed + i)).bytes, pattern(2000, seed + i));
  }
});

test.run();
