// Every tunable of the package: the default, its range where a user may set it, and the reason.

export interface Limit {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly why: string;
}

const SECOND_US = 1_000_000;

export interface Limits {
  /** Neighbours remembered per interface. */
  readonly neighboursMax: number;
  /** Frames that wait for one address resolution. */
  readonly neighbourQueueFramesMax: number;
  readonly destinationsMax: number;
  readonly reassemblyBytesMax: number;
  readonly reassemblyDatagramsMax: number;
  readonly reassemblyTimeoutUs: number;
  readonly icmpErrorsPerSecondMax: number;
  readonly udpReceiveBytesMax: number;
  readonly tcpSendBytesInitial: number;
  readonly tcpSendBytesMax: number;
  readonly tcpReceiveBytesInitial: number;
  readonly tcpReceiveBytesMax: number;
  /** Gaps remembered in a receive buffer. */
  readonly tcpOutOfOrderRangesMax: number;
  readonly tcpConnectionsMax: number;
  readonly tcpHalfOpenMax: number;
  readonly tcpTimeWaitUs: number;
  readonly tcpRetransmitMinUs: number;
  readonly tcpRetransmitMaxUs: number;
  readonly tcpRetransmitInitialUs: number;
  readonly tcpRetriesMax: number;
  readonly tcpSynRetriesMax: number;
  readonly tcpDelayedAckUs: number;
  readonly tcpInitialWindowSegments: number;
  readonly tcpChallengeAcksPerSecondMax: number;
  readonly tcpKeepaliveIdleUs: number;
  readonly tcpKeepaliveIntervalUs: number;
  readonly tcpKeepaliveProbesMax: number;
  readonly tcpFinWait2Us: number;
}

export const LIMIT_TABLE: { readonly [K in keyof Limits]: Limit } = {
  neighboursMax: {
    default: 512,
    min: 4,
    max: 65536,
    why: 'a /24 twice; a scan must not grow memory',
  },
  neighbourQueueFramesMax: {
    default: 8,
    min: 1,
    max: 64,
    why: 'a first burst survives resolution',
  },
  destinationsMax: { default: 4096, min: 16, max: 1 << 20, why: 'path MTU and next hop of peers' },
  reassemblyBytesMax: {
    default: 1 << 20,
    min: 1 << 16,
    max: 1 << 26,
    why: 'memory of all fragments together',
  },
  reassemblyDatagramsMax: { default: 64, min: 1, max: 4096, why: 'datagrams under reassembly' },
  reassemblyTimeoutUs: {
    default: 30 * SECOND_US,
    min: SECOND_US,
    max: 120 * SECOND_US,
    why: 'as Linux; RFC 8200 allows 60 s',
  },
  icmpErrorsPerSecondMax: {
    default: 100,
    min: 0,
    max: 100000,
    why: 'RFC 4443 2.4 (f) demands a limit',
  },
  udpReceiveBytesMax: {
    default: 1 << 18,
    min: 2048,
    max: 1 << 26,
    why: 'about Linux rmem_default',
  },
  tcpSendBytesInitial: {
    default: 1 << 16,
    min: 4096,
    max: 1 << 26,
    why: 'grows with the congestion window',
  },
  tcpSendBytesMax: { default: 1 << 22, min: 4096, max: 1 << 28, why: 'as Linux tcp_wmem' },
  tcpReceiveBytesInitial: {
    default: 1 << 16,
    min: 4096,
    max: 1 << 26,
    why: 'ten segments and more; grows by use',
  },
  tcpReceiveBytesMax: {
    default: 1 << 22,
    min: 4096,
    max: 1 << 28,
    why: '4 MB: 300 Mbit/s at 100 ms',
  },
  tcpOutOfOrderRangesMax: {
    default: 128,
    min: 4,
    max: 4096,
    why: 'bounds work per hostile segment',
  },
  tcpConnectionsMax: { default: 1 << 20, min: 4, max: 1 << 24, why: 'bounds memory' },
  tcpHalfOpenMax: { default: 256, min: 1, max: 65536, why: 'beyond it SYN cookies answer' },
  tcpTimeWaitUs: { default: 60 * SECOND_US, min: 0, max: 240 * SECOND_US, why: 'as Linux' },
  tcpRetransmitMinUs: {
    default: 200_000,
    min: 1000,
    max: SECOND_US,
    why: 'above delayed ACKs; as Linux',
  },
  tcpRetransmitMaxUs: {
    default: 120 * SECOND_US,
    min: SECOND_US,
    max: 240 * SECOND_US,
    why: 'RFC 6298 2.4',
  },
  tcpRetransmitInitialUs: {
    default: SECOND_US,
    min: 1000,
    max: 3 * SECOND_US,
    why: 'RFC 6298 2.1',
  },
  tcpRetriesMax: { default: 15, min: 1, max: 64, why: 'R2 of RFC 9293 3.8.3; as Linux' },
  tcpSynRetriesMax: { default: 6, min: 1, max: 64, why: 'about two minutes' },
  tcpDelayedAckUs: { default: 40_000, min: 0, max: 500_000, why: 'RFC 9293 3.8.6.3: below 500 ms' },
  tcpInitialWindowSegments: { default: 10, min: 1, max: 64, why: 'RFC 6928' },
  tcpChallengeAcksPerSecondMax: { default: 1000, min: 1, max: 100000, why: 'RFC 5961 section 7' },
  tcpKeepaliveIdleUs: {
    default: 7200 * SECOND_US,
    min: SECOND_US,
    max: 32767 * SECOND_US,
    why: 'RFC 9293 3.8.4',
  },
  tcpKeepaliveIntervalUs: {
    default: 75 * SECOND_US,
    min: SECOND_US,
    max: 32767 * SECOND_US,
    why: 'as Linux',
  },
  tcpKeepaliveProbesMax: { default: 9, min: 1, max: 127, why: 'as Linux' },
  tcpFinWait2Us: {
    default: 60 * SECOND_US,
    min: SECOND_US,
    max: 3600 * SECOND_US,
    why: 'orphans only; as Linux',
  },
};

export const DEFAULT_LIMITS: Limits = {
  neighboursMax: LIMIT_TABLE.neighboursMax.default,
  neighbourQueueFramesMax: LIMIT_TABLE.neighbourQueueFramesMax.default,
  destinationsMax: LIMIT_TABLE.destinationsMax.default,
  reassemblyBytesMax: LIMIT_TABLE.reassemblyBytesMax.default,
  reassemblyDatagramsMax: LIMIT_TABLE.reassemblyDatagramsMax.default,
  reassemblyTimeoutUs: LIMIT_TABLE.reassemblyTimeoutUs.default,
  icmpErrorsPerSecondMax: LIMIT_TABLE.icmpErrorsPerSecondMax.default,
  udpReceiveBytesMax: LIMIT_TABLE.udpReceiveBytesMax.default,
  tcpSendBytesInitial: LIMIT_TABLE.tcpSendBytesInitial.default,
  tcpSendBytesMax: LIMIT_TABLE.tcpSendBytesMax.default,
  tcpReceiveBytesInitial: LIMIT_TABLE.tcpReceiveBytesInitial.default,
  tcpReceiveBytesMax: LIMIT_TABLE.tcpReceiveBytesMax.default,
  tcpOutOfOrderRangesMax: LIMIT_TABLE.tcpOutOfOrderRangesMax.default,
  tcpConnectionsMax: LIMIT_TABLE.tcpConnectionsMax.default,
  tcpHalfOpenMax: LIMIT_TABLE.tcpHalfOpenMax.default,
  tcpTimeWaitUs: LIMIT_TABLE.tcpTimeWaitUs.default,
  tcpRetransmitMinUs: LIMIT_TABLE.tcpRetransmitMinUs.default,
  tcpRetransmitMaxUs: LIMIT_TABLE.tcpRetransmitMaxUs.default,
  tcpRetransmitInitialUs: LIMIT_TABLE.tcpRetransmitInitialUs.default,
  tcpRetriesMax: LIMIT_TABLE.tcpRetriesMax.default,
  tcpSynRetriesMax: LIMIT_TABLE.tcpSynRetriesMax.default,
  tcpDelayedAckUs: LIMIT_TABLE.tcpDelayedAckUs.default,
  tcpInitialWindowSegments: LIMIT_TABLE.tcpInitialWindowSegments.default,
  tcpChallengeAcksPerSecondMax: LIMIT_TABLE.tcpChallengeAcksPerSecondMax.default,
  tcpKeepaliveIdleUs: LIMIT_TABLE.tcpKeepaliveIdleUs.default,
  tcpKeepaliveIntervalUs: LIMIT_TABLE.tcpKeepaliveIntervalUs.default,
  tcpKeepaliveProbesMax: LIMIT_TABLE.tcpKeepaliveProbesMax.default,
  tcpFinWait2Us: LIMIT_TABLE.tcpFinWait2Us.default,
};
