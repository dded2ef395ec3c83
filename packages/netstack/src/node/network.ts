// The user's API: a network in the style of node:net and node:dgram, on a stack of one's own.

import { EventEmitter } from 'node:events';
import { DhcpClient, type DhcpLease } from '../dhcp/client.js';
import { type DnsResult, Resolver } from '../dns/resolver.js';
import type { NetworkInterface } from '../interface/interface.js';
import type { InterfaceOptions, StackOptions } from '../stack.js';
import type { TcpListener } from '../tcp/listener.js';
import type { UdpSocket } from '../udp/udp.js';
import { type IpAddress, type IpPrefix, parseAddress, parsePrefix } from '../wire/address.js';
import { Host, type HostDevice } from './host.js';
import { NetworkError, TcpSocket } from './socket.js';

export interface AttachOptions
  extends Omit<InterfaceOptions, 'addresses' | 'gateway' | 'gatewayV6'> {
  /** `10.0.0.2/24`, `fd00::2/64`. */
  readonly addresses?: readonly string[];
  readonly gateway?: string;
}

export interface ConnectOptions {
  readonly port: number;
  readonly host?: string;
  readonly localAddress?: string;
  readonly localPort?: number;
  readonly family?: 4 | 6;
}

function addressOf(text: string): IpAddress {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`not an IP address: ${text}`);
  return address;
}

/** Accepts connections: event `connection`, or `for await (const socket of server)`. */
export class TcpServer extends EventEmitter {
  readonly #host: Host;
  #listener: TcpListener | undefined;

  constructor(host: Host, onConnection?: (socket: TcpSocket) => void) {
    super();
    this.#host = host;
    if (onConnection !== undefined) this.on('connection', onConnection);
  }

  /** Throws when the port is taken. Port 0 picks one; see `address()`. */
  listen(port: number, address?: string, backlog = 511): this {
    const result = this.#host.stack.tcpListen(
      address === undefined ? undefined : addressOf(address),
      port,
      backlog,
    );
    if (result.error !== undefined) throw new NetworkError(result.error, `listen ${port}`);
    const listener = result.listener;
    this.#listener = listener;
    listener.observer = {
      changed: (): void => {
        for (;;) {
          const connection = listener.accept();
          if (connection === undefined) return;
          this.emit('connection', new TcpSocket(this.#host, connection));
        }
      },
    };
    return this;
  }

  address(): { port: number } | undefined {
    return this.#listener === undefined ? undefined : { port: this.#listener.port };
  }

  close(): this {
    this.#listener?.close();
    this.#listener = undefined;
    this.#host.wake();
    this.emit('close');
    return this;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TcpSocket> {
    const waiting: TcpSocket[] = [];
    let notify: (() => void) | undefined;
    let closed = false;
    this.on('connection', (socket: TcpSocket) => {
      waiting.push(socket);
      notify?.();
    });
    this.once('close', () => {
      closed = true;
      notify?.();
    });
    for (;;) {
      const socket = waiting.shift();
      if (socket !== undefined) yield socket;
      else if (closed) return;
      else
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
    }
  }
}

export interface RemoteInfo {
  readonly address: string;
  readonly port: number;
  readonly family: 'IPv4' | 'IPv6';
  readonly size: number;
}

/** Datagrams: event `message` with (data, remote), or `for await (const { data, remote } of socket)`. */
export class DatagramSocket extends EventEmitter {
  readonly #host: Host;
  readonly #socket: UdpSocket;
  #closed = false;

  constructor(host: Host, socket: UdpSocket) {
    super();
    this.#host = host;
    this.#socket = socket;
    socket.observer = { changed: () => this.#drain() };
  }

  bind(port = 0, address?: string): this {
    const failure = this.#socket.bind(address === undefined ? undefined : addressOf(address), port);
    if (failure !== undefined) throw new NetworkError(failure, `bind ${port}`);
    return this;
  }

  connect(port: number, address: string): this {
    const failure = this.#socket.connect(addressOf(address), port);
    if (failure !== undefined) throw new NetworkError(failure, `connect ${address}`);
    return this;
  }

  address(): { port: number } {
    return { port: this.#socket.localPort };
  }

  setBroadcast(value: boolean): this {
    this.#socket.broadcast = value;
    return this;
  }

  send(data: Uint8Array | string, port?: number, address?: string): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.#host.touch();
    const failure = this.#socket.send(
      bytes,
      address === undefined ? undefined : addressOf(address),
      port,
    );
    if (failure !== undefined) throw new NetworkError(failure, 'send');
    this.#host.wake();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    this.emit('close');
  }

  #drain(): void {
    const error = this.#socket.pendingError;
    if (error !== undefined) {
      this.#socket.pendingError = undefined;
      if (this.listenerCount('error') > 0) this.emit('error', new NetworkError(error, 'datagram'));
    }
    for (;;) {
      const datagram = this.#socket.receive();
      if (datagram === undefined) return;
      const remote: RemoteInfo = {
        address: datagram.source.toString(),
        port: datagram.sourcePort,
        family: datagram.source.isV4 ? 'IPv4' : 'IPv6',
        size: datagram.data.length,
      };
      this.emit('message', Buffer.from(datagram.data.buffer), remote);
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<{ data: Buffer; remote: RemoteInfo }> {
    const waiting: { data: Buffer; remote: RemoteInfo }[] = [];
    let notify: (() => void) | undefined;
    this.on('message', (data: Buffer, remote: RemoteInfo) => {
      waiting.push({ data, remote });
      notify?.();
    });
    this.once('close', () => notify?.());
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else if (this.#closed) return;
      else
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
    }
  }
}

/** A stack on Node's event loop with the calls of node:net and node:dgram. */
export class Network {
  readonly host: Host;
  readonly resolver: Resolver;

  constructor(options: Partial<StackOptions> = {}) {
    this.host = new Host(options);
    this.resolver = new Resolver(this.host.stack, []);
  }

  attach(device: HostDevice, options: AttachOptions = {}): NetworkInterface {
    const prefixes: IpPrefix[] = [];
    for (const text of options.addresses ?? []) {
      const prefix = parsePrefix(text);
      if (prefix === undefined) throw new RangeError(`not an address with prefix length: ${text}`);
      prefixes.push(prefix);
    }
    const { addresses: _addresses, gateway, ...rest } = options;
    return this.host.attach(device, {
      ...rest,
      addresses: prefixes,
      ...(gateway === undefined ? {} : { gateway: addressOf(gateway) }),
    });
  }

  /** Obtains an address by DHCP; the promise settles with the first lease. Its DNS servers become the resolver's. */
  dhcp(networkInterface: NetworkInterface, hostName = ''): Promise<DhcpLease> {
    const client = new DhcpClient(this.host.stack, networkInterface, hostName);
    return new Promise((resolve) => {
      client.onLease = (lease): void => {
        if (lease === undefined) return;
        if (lease.dnsServers.length > 0) this.resolver.servers = lease.dnsServers;
        resolve(lease);
      };
      this.host.touch();
      client.start();
      this.host.wake();
    });
  }

  lookup(name: string, family: 4 | 6 = 4): Promise<readonly IpAddress[]> {
    return new Promise((resolve, reject) => {
      this.host.touch();
      this.resolver.resolve(name, family, (result: DnsResult) => {
        if (result.error !== undefined)
          reject(
            Object.assign(new Error(`lookup ${name}: ${result.error}`), { code: 'ENOTFOUND' }),
          );
        else resolve(result.addresses);
      });
      this.host.wake();
    });
  }

  createServer(onConnection?: (socket: TcpSocket) => void): TcpServer {
    return new TcpServer(this.host, onConnection);
  }

  /** Connects to an address or, by the resolver, a name; settles when the handshake is done. */
  async connect(options: ConnectOptions): Promise<TcpSocket> {
    const host = options.host ?? '127.0.0.1';
    const remote = parseAddress(host) ?? (await this.lookup(host, options.family ?? 4))[0];
    const local = options.localAddress === undefined ? undefined : addressOf(options.localAddress);
    this.host.touch();
    const result = this.host.stack.tcpConnect(remote, options.port, local, options.localPort ?? 0);
    if (result.error !== undefined)
      throw new NetworkError(result.error, `connect ${host}:${options.port}`);
    const socket = new TcpSocket(this.host, result.connection);
    this.host.wake();
    return new Promise((resolve, reject) => {
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(socket);
      });
      socket.once('error', reject);
    });
  }

  createSocket(): DatagramSocket {
    return new DatagramSocket(this.host, this.host.stack.udpSocket());
  }

  close(): void {
    this.host.close();
  }
}
