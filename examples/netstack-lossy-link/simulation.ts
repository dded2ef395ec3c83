// Two stacks, one link, a transfer that never ends. No DOM here: the page draws it, the tests run it.
import { type CongestionName, type Connection, parseAddress } from '@tessera/netstack';
import { type Impairments, VirtualNetwork } from '@tessera/netstack/testing';

export interface Sample {
  readonly timeUs: number;
  readonly windowBytes: number;
  readonly thresholdBytes: number;
  readonly smoothedRttUs: number;
  readonly recovery: string;
  readonly receivedBytes: number;
  readonly retransmitted: number;
}

export class Transfer {
  readonly #network: VirtualNetwork;
  readonly faults: Impairments;
  readonly #client: Connection;
  readonly #server: Connection;
  readonly #chunk = new Uint8Array(65536).fill(42);
  readonly #sink = new Uint8Array(65536);
  #received = 0;

  constructor(congestion: CongestionName, seed = 1) {
    this.#network = new VirtualNetwork(seed);
    const link = this.#network.link({
      delayUs: 20_000,
      bitsPerSecond: 20_000_000,
      queueFrames: 60,
    });
    this.faults = link.impairments;
    const a = this.#network.stack({ congestion });
    const b = this.#network.stack({ congestion });
    this.#network.attach(a, link.ends[0], ['10.0.0.1/24']);
    this.#network.attach(b, link.ends[1], ['10.0.0.2/24']);
    const { listener } = b.tcpListen(undefined, 80);
    const { connection } = a.tcpConnect(parseAddress('10.0.0.2')!, 80);
    if (listener === undefined || connection === undefined)
      throw new Error('the link has no route');
    let server: Connection | undefined;
    this.#network.run(() => (server ??= listener.accept()) !== undefined && connection.isConnected);
    if (server === undefined) throw new Error('no connection');
    this.#client = connection;
    this.#server = server;
    connection.observer = { changed: () => this.#write() };
    server.observer = { changed: () => this.#read() };
    this.#write();
  }

  #write(): void {
    while (this.#client.write(this.#chunk) > 0);
  }

  #read(): void {
    for (
      let count = this.#server.read(this.#sink);
      count > 0;
      count = this.#server.read(this.#sink)
    )
      this.#received += count;
  }

  /** Lets virtual time pass and says how things stand. */
  advance(us: number): Sample {
    this.#network.advance(us);
    const c = this.#client;
    return {
      timeUs: this.#network.now,
      windowBytes: c.congestion.windowBytes,
      thresholdBytes: c.congestion.thresholdBytes,
      smoothedRttUs: c.rtt.smoothedUs,
      recovery: c.recovery,
      receivedBytes: this.#received,
      retransmitted: c.environment.counters.retransmitted,
    };
  }
}
