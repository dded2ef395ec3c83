/**
 * netif (Xen public io/netif.h).
 *
 *   transmit request    grant u32, offset u16, flags u16, id u16, size u16      12-byte slots
 *   transmit response   id u16, status i16
 *   receive request     id u16, pad u16, grant u32                              8-byte slots
 *   receive response    id u16, offset u16, flags u16, status i16 (bytes, or negative)
 *   extra info          type u8, flags u8, segment size u16, segment type u8, pad u8, features u16
 *
 * A frame is a chain of slots; the first transmit slot has the size of the whole frame, and extra info comes second.
 */
export const NET_TRANSMIT_SLOT_BYTES = 12;
export const NET_RECEIVE_SLOT_BYTES = 8;

export const NET_CHECKSUM_BLANK = 1;
export const NET_DATA_VALIDATED = 2;
export const NET_MORE_DATA = 4;
export const NET_EXTRA_INFO = 8;

export const NET_EXTRA_GSO = 1;
export const NET_EXTRA_MORE = 1;
export const NET_GSO_TCP4 = 1;
export const NET_GSO_TCP6 = 2;

export const NET_STATUS_NULL = 1;
export const NET_STATUS_OK = 0;
export const NET_STATUS_ERROR = 0xffff;
export const NET_STATUS_DROPPED = 0xfffe;

/** Slots a frame may take: 64 KiB in pages, one more for a bad start, one for extra info. */
export const NET_CHAIN_MAX = 18;
export const NET_FRAME_BYTES_MAX = 65535;
export const NET_QUEUES_MAX = 16;
