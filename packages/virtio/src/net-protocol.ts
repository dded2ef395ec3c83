/** Virtio network device: features, configuration and frame header (virtio 1.3, 5.1). */
export const NET_CHECKSUM = 0;
export const NET_GUEST_CHECKSUM = 1;
export const NET_MTU = 3;
export const NET_MAC = 5;
export const NET_GUEST_TSO4 = 7;
export const NET_GUEST_TSO6 = 8;
export const NET_HOST_TSO4 = 11;
export const NET_HOST_TSO6 = 12;
export const NET_MERGE_BUFFERS = 15;
export const NET_STATUS = 16;
export const NET_CONTROL_QUEUE = 17;
export const NET_CONTROL_RECEIVE = 18;
export const NET_MULTI_QUEUE = 22;

export const NET_CONFIG_STATUS = 6;
export const NET_CONFIG_PAIRS = 8;
export const NET_CONFIG_MTU = 10;
export const NET_CONFIG_BYTES = 12;
export const NET_STATUS_LINK_UP = 1;

/** Frame header: flags u8, gso type u8, header bytes, gso bytes, checksum start, checksum offset, buffers (u16 each). */
export const NET_HEADER_BYTES = 12;
/** Legacy devices without merged buffers leave the last field out. */
export const NET_LEGACY_HEADER_BYTES = 10;
export const NET_HEADER_NEEDS_CHECKSUM = 1;
export const NET_HEADER_CHECKSUM_VALID = 2;
export const NET_GSO_NONE = 0;
export const NET_GSO_TCP4 = 1;
export const NET_GSO_TCP6 = 4;

export const NET_CONTROL_CLASS_RECEIVE = 0;
export const NET_CONTROL_PROMISCUOUS = 0;
export const NET_CONTROL_ALL_MULTICAST = 1;
export const NET_CONTROL_CLASS_MULTI_QUEUE = 4;
export const NET_CONTROL_SET_PAIRS = 0;
export const NET_CONTROL_OK = 0;
