/** What the other side of a queue or transport can do wrong. The first fault kills the queue; it is reported once. */
export enum VirtioFaultKind {
  /** A ring index moved by more than what can be outstanding. */
  IndexAhead = 'index-ahead',
  /** A completion names a descriptor that does not exist. */
  IdOutOfRange = 'id-out-of-range',
  /** A completion names a buffer that is not with the device. */
  IdNotInFlight = 'id-not-in-flight',
  /** More bytes written than the buffer has. */
  LengthTooLong = 'length-too-long',
  /** Fewer bytes than the protocol needs. */
  LengthTooShort = 'length-too-short',
  /** An in-order batch names a buffer beyond what the index covers. */
  BatchBeyondIndex = 'batch-beyond-index',
  /** A descriptor chain that does not end. */
  ChainTooLong = 'chain-too-long',
  /** A descriptor outside guest memory. */
  AddressOutOfBounds = 'address-out-of-bounds',
  /** Indirect inside indirect, a table that is no multiple of 16 bytes, or one that was not negotiated. */
  IndirectMalformed = 'indirect-malformed',
  /** A readable descriptor after a writable one. */
  ReadableAfterWritable = 'readable-after-writable',
  /** A head that is already with the device. */
  DuplicateHead = 'duplicate-head',
  /** The device cleared FEATURES_OK, or offers less than the driver needs. */
  FeaturesRefused = 'features-refused',
  /** The offer changed between two reads. */
  FeaturesChanged = 'features-changed',
  /** The configuration changed under every one of a bounded number of reads. */
  ConfigTorn = 'config-torn',
  /** A configuration value outside what the specification allows. */
  ConfigInvalid = 'config-invalid',
  /** The device does not have the queue, or its size is 0 or not allowed. */
  QueueUnavailable = 'queue-unavailable',
  /** Reset did not finish within the bounded number of polls. */
  ResetTimeout = 'reset-timeout',
  /** The device set DEVICE_NEEDS_RESET. */
  NeedsReset = 'needs-reset',
  /** Magic, version or capability structure is not virtio's. */
  NotVirtio = 'not-virtio',
  /** No memory for rings or buffers. */
  NoMemory = 'no-memory',
  /** A message of the device's own protocol that makes no sense. */
  ProtocolMalformed = 'protocol-malformed',
}

export interface VirtioFault {
  readonly kind: VirtioFaultKind;
  /** Which part: a device name, or `queue 3`. */
  readonly where: string;
  /** The offending value. */
  readonly detail: number;
}

export function virtioFault(kind: VirtioFaultKind, where: string, detail: number): VirtioFault {
  return { kind, where, detail };
}

/** Gets each fault once: the kernel logs it, tests collect it. */
export interface FaultSink {
  fault(fault: VirtioFault): void;
}
