import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BrowserHost, WebSocketLink } from '../src/browser/index.js';
import type { LinkCapabilities } from '../src/contract.js';
import { type HostDevice, Network, NetworkError, TapDevice, TapError } from '../src/node/index.js';
import { MacAddress } from '../src/wire/ethernet.js';
import { ip, pattern } from './transfer.js';

/** Two devices joined back to back on the event loop. */
class Patch implements HostDevice {
  readonly capabilities: LinkCapabilities;
  peer: Patch | undefined;
  #buffer = new Uint8Array(2048);
  #frame: ((buffer: Uint8Array, length: number) => void) | undefined;

  constructor(index: number) {
    this.capabilities = {
      medium: 'ethernet',
      mtu: 1500,
      mac: new MacAddress(0x0200, index),
      checksumTransmit: false,
      checksumReceive: false,
      segmentationBytesMax: 0,
    };
  }

  reserve(): Uint8Array {
    return this.#buffer;
  }
  commit(bytes: number): void {
    const copy = this.#buffer.slice(0, bytes);
    setImmediate(() => this.peer?.#frame?.(copy, copy.length));
  }
  start(frame: (buffer: Uint8Array, length: number) => void): void {
    this.#frame = frame;
  }
  close(): void {
    this.#frame = undefined;
  }
}

function pair(): [Network, Network] {
  const [a, b] = [new Patch(1), new Patch(2)];
  a.peer = b;
  b.peer = a;
  const [left, right] = [new Network(), new Network()];
  left.attach(a, { addresses: ['10.0.0.1/24'], ipv6: false });
  right.attach(b, { addresses: ['10.0.0.2/24'], ipv6: false });
  return [left, right];
}

test('./node: streams through an echo server, iterators, addresses', async () => {
  const [left, right] = pair();
  const server = right.createServer((socket) => socket.pipe(socket)).listen(7);
  assert.equal(server.address(), { port: 7 });
  const socket = await left.connect({ host: '10.0.0.2', port: 7 });
  assert.is(socket.remoteAddress, '10.0.0.2');
  assert.is(socket.remotePort, 7);
  assert.is(socket.localAddress, '10.0.0.1');
  assert.is(socket.connecting, false);
  const data = pattern(500_000, 1);
  const chunks: Buffer[] = [];
  const reading = (async () => {
    for await (const chunk of socket) chunks.push(chunk);
  })();
  await pipeline(Readable.from([Buffer.from(data)]), socket, { end: true }).catch((e) => {
    // The duplex goes on reading after its writing half ended.
    if (e.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw e;
  });
  await reading;
  assert.equal(new Uint8Array(Buffer.concat(chunks)), data);
  server.close();
  left.close();
  right.close();
});

test('./node: a server as an async iterator, errors with the codes of node:net', async () => {
  const [left, right] = pair();
  const server = right.createServer().listen(80);
  const serving = (async () => {
    for await (const socket of server) {
      socket.end('hello');
      socket.resume();
      server.close();
    }
  })();
  const socket = await left.connect({ host: '10.0.0.2', port: 80 });
  let text = '';
  for await (const chunk of socket) text += chunk;
  assert.is(text, 'hello');
  socket.end();
  await serving;
  const refused = await left.connect({ host: '10.0.0.2', port: 81 }).catch((e) => e);
  assert.instance(refused, NetworkError);
  assert.is(refused.code, 'ECONNREFUSED');
  const nowhere = await left.connect({ host: '192.168.7.7', port: 81 }).catch((e) => e);
  assert.is(nowhere.code, 'EHOSTUNREACH');
  right.createServer().listen(90);
  assert.throws(
    () => right.createServer().listen(90),
    (e: NetworkError) => e.code === 'EADDRINUSE',
  );
  const unresolved = await left.lookup('example.org').catch((e) => e);
  assert.match(unresolved.message, 'no-server');
  left.close();
  right.close();
});

test('./node: datagrams by event and iterator', async () => {
  const [left, right] = pair();
  const server = right.createSocket().bind(53);
  server.on('message', (data: Buffer, remote) => server.send(data, remote.port, remote.address));
  const client = left.createSocket().bind();
  client.send('one', 53, '10.0.0.2');
  for await (const { data, remote } of client) {
    assert.is(data.toString(), 'one');
    assert.equal(remote, { address: '10.0.0.2', port: 53, family: 'IPv4', size: 3 });
    client.close();
  }
  left.close();
  right.close();
});

test('./node: a reset destroys the other side', async () => {
  const [left, right] = pair();
  const failed = new Promise<NetworkError>((resolve) =>
    right.createServer((socket) => socket.on('error', resolve as (e: Error) => void)).listen(7),
  );
  const socket = await left.connect({ host: '10.0.0.2', port: 7 });
  socket.write('x');
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.on('error', () => {});
  socket.resetAndDestroy();
  assert.is((await failed).code, 'ECONNRESET');
  left.close();
  right.close();
});

test('./node: TAP says what is missing', () => {
  assert.throws(
    () => TapDevice.open(''),
    (e: Error) => e instanceof TapError,
  );
  assert.throws(
    () => TapDevice.open('x', { helper: ['/nonexistent/helper'] }),
    (e: Error) => e instanceof TapError,
  );
  assert.throws(
    () => TapDevice.open('x', { helper: ['false'] }),
    (e: Error) => e instanceof TapError,
  );
});

/** A WebSocket of two in-memory ends: the n-th and the n+1-th socket of a URL talk to each other. */
class FakeWebSocket extends EventEmitter {
  static readonly OPEN = 1;
  static waiting: FakeWebSocket | undefined;
  readonly readyState = 1;
  bufferedAmount = 0;
  binaryType = '';
  onopen: (() => void) | undefined;
  onerror: (() => void) | undefined;
  onmessage: ((event: { data: unknown }) => void) | undefined;
  #peer: FakeWebSocket | undefined;

  constructor(url: string) {
    super();
    if (url.includes('bad')) {
      setImmediate(() => this.onerror?.());
      return;
    }
    const other = FakeWebSocket.waiting;
    FakeWebSocket.waiting = other === undefined ? this : undefined;
    if (other !== undefined) {
      this.#peer = other;
      other.#peer = this;
    }
    setImmediate(() => this.onopen?.());
  }
  send(data: Uint8Array): void {
    const copy = data.slice().buffer;
    setImmediate(() => this.#peer?.onmessage?.({ data: copy }));
  }
  close(): void {}
}

test('./browser: two hosts over a WebSocket', async () => {
  const scope = globalThis as { WebSocket?: unknown };
  const before = scope.WebSocket;
  scope.WebSocket = FakeWebSocket;
  try {
    const hosts = [new BrowserHost(), new BrowserHost()];
    for (let i = 0; i < 2; i++)
      hosts[i].attach(await WebSocketLink.open('ws://test/'), {
        addresses: [{ address: ip(`10.0.0.${i + 1}`), bits: 24 }],
        ipv6: false,
      });
    const { listener } = hosts[1].stack.tcpListen(undefined, 80);
    const { connection } = hosts[0].stack.tcpConnect(ip('10.0.0.2'), 80);
    const data = pattern(100_000, 4);
    let written = connection!.write(data);
    connection!.observer = {
      changed: () => {
        written += connection!.write(data, written);
      },
    };
    hosts[0].wake();
    const received = new Uint8Array(data.length);
    let got = 0;
    await new Promise<void>((resolve) => {
      listener!.observer = {
        changed: () => {
          const server = listener!.accept()!;
          const take = () => {
            got += server.read(received, got);
            hosts[1].wake();
            if (got === data.length) resolve();
          };
          server.observer = { changed: take };
          take();
        },
      };
    });
    assert.equal(received, data);
    const failure = await WebSocketLink.open('ws://bad/').catch((e) => e);
    assert.instance(failure, Error);
    for (const host of hosts) host.close();
  } finally {
    if (before === undefined) delete scope.WebSocket;
    else scope.WebSocket = before;
  }
});

test.run();
