/** What the other end of a ring, the store or the hypervisor can do wrong. */
export enum XenFaultKind {
  /** A ring index moved by more than what can be outstanding. */
  IndexAhead = 'index-ahead',
  /** A response or request names an id that is not out. */
  BadId = 'bad-id',
  /** A length, offset or segment outside its page, or a short answer. */
  BadLength = 'bad-length',
  /** A chain of slots that does not end, or ends early. */
  BadChain = 'bad-chain',
  /** A grant that does not exist, is not ours, or is still in use by the other end. */
  BadGrant = 'bad-grant',
  /** A value in the store that is missing or makes no sense. */
  BadStoreValue = 'bad-store-value',
  /** A message of the store's wire protocol that makes no sense. */
  BadMessage = 'bad-message',
  /** The other end said Closing or Closed, or vanished. */
  PeerClosed = 'peer-closed',
  /** No pages, grants or ports left. */
  NoMemory = 'no-memory',
  /** Nothing came in time. */
  Timeout = 'timeout',
}

export interface XenFault {
  readonly kind: XenFaultKind;
  readonly where: string;
  readonly detail: number;
}

export function xenFault(kind: XenFaultKind, where: string, detail: number): XenFault {
  return { kind, where, detail };
}

export interface FaultSink {
  fault(fault: XenFault): void;
}
