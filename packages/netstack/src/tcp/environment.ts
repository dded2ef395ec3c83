// What every TCP file needs from its stack, and the scratch objects of the data path.

import type { BufferPool, Random } from '../contract.js';
import type { EventQueue } from '../events.js';
import type { IpOutput } from '../interface/ip-output.js';
import type { Paths } from '../interface/paths.js';
import type { Limits } from '../limits.js';
import { RateLimit } from '../rate-limit.js';
import type { Instant, TimerQueue } from '../timers.js';
import { TcpOptions } from '../wire/tcp-options.js';
import type { Connection } from './connection.js';
import { FastOpen } from './fast-open.js';
import { InitialSequence } from './initial-sequence.js';
import { Segment } from './segment.js';
import { ConnectionTable } from './table.js';

export class TcpCounters {
  segmentsIn = 0;
  segmentsOut = 0;
  retransmitted = 0;
  checksumErrors = 0;
  resetsSent = 0;
  challengeAcks = 0;
  fastOpenSent = 0;
  fastOpenAccepted = 0;
  synCookiesSent = 0;
  synCookiesAccepted = 0;
  synCookiesRefused = 0;
  timeouts = 0;
  fastRecoveries = 0;
  tailProbes = 0;
  outOfOrder = 0;
  outOfWindow = 0;
  pawsDropped = 0;
  listenDrops = 0;
}

/** Which congestion control new connections get. */
export type CongestionName = 'cubic' | 'reno';

export class TcpEnvironment {
  readonly instant: Instant;
  readonly timers: TimerQueue;
  readonly output: IpOutput;
  readonly paths: Paths;
  readonly events: EventQueue;
  readonly limits: Limits;
  readonly random: Random;
  readonly pool: BufferPool;
  readonly table: ConnectionTable;
  readonly initialSequence: InitialSequence;
  readonly fastOpen: FastOpen;
  readonly counters: TcpCounters = new TcpCounters();
  readonly segment: Segment = new Segment();
  readonly options: TcpOptions = new TcpOptions();
  /** Transmission time of the newest unambiguous run that the last SACK blocks named; -1: none. */
  sackSampleSentAt = -1;
  readonly challengeLimit: RateLimit;
  /** Connections with something to send at the next poll. */
  dirty: Connection[] = [];
  spare: Connection[] = [];
  congestion: CongestionName = 'cubic';
  ecn = false;
  /** Fall back to the initial window after idle time (RFC 5681 4.1). */
  slowStartAfterIdle = true;
  timestamps = true;
  selectiveAck = true;
  windowScaling = true;

  constructor(
    instant: Instant,
    timers: TimerQueue,
    output: IpOutput,
    paths: Paths,
    events: EventQueue,
    limits: Limits,
    random: Random,
    pool: BufferPool,
  ) {
    this.instant = instant;
    this.timers = timers;
    this.output = output;
    this.paths = paths;
    this.events = events;
    this.limits = limits;
    this.random = random;
    this.pool = pool;
    this.table = new ConnectionTable(random.word());
    this.initialSequence = new InitialSequence(random);
    this.fastOpen = new FastOpen(random);
    this.challengeLimit = new RateLimit(limits.tcpChallengeAcksPerSecondMax);
  }

  markDirty(connection: Connection): void {
    if (connection.isDirty) return;
    connection.isDirty = true;
    this.dirty.push(connection);
  }
}
