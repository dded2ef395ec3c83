/** What can be wrong with a configuration space. Values, never exceptions: firmware is outside input. */
export enum PciFaultKind {
  /** The list came back to an entry it had visited, or is longer than the space can hold. */
  CapabilityLoop = 'capability-loop',
  /** A pointer into the header, past the end, or a structure that runs past the end. */
  CapabilityOutOfBounds = 'capability-out-of-bounds',
  /** A 64-bit BAR in the last slot, or a reserved memory type. */
  BarType = 'bar-type',
  /** A size mask that is not a power of two. */
  BarSize = 'bar-size',
  /** A window above the addresses the kernel can name (2^47), or one that wraps. */
  BarAddress = 'bar-address',
  /** The MSI-X table or pending array does not fit its BAR. */
  MsixBounds = 'msix-bounds',
  /** Bridges lead back to a bus that was already scanned. */
  BusLoop = 'bus-loop',
  /** More functions than the caller's limit. */
  TooManyFunctions = 'too-many-functions',
  /** The ACPI table is too short or its length field lies. */
  McfgMalformed = 'mcfg-malformed',
  /** No address window has room for a BAR. */
  NoWindow = 'no-window',
}

export interface PciFault {
  readonly kind: PciFaultKind;
  /** Routing id of the function, -1 where none applies. */
  readonly id: number;
  /** Offset, bus number, BAR index or count: what the kind talks about. */
  readonly detail: number;
}

export function pciFault(kind: PciFaultKind, id: number, detail: number): PciFault {
  return { kind, id, detail };
}
