export {
  type BufferPool,
  type Clock,
  HeapBufferPool,
  type LinkCapabilities,
  type LinkDevice,
  type Mutex,
  type Random,
  ReentryError,
  SingleThreadSync,
  type Sync,
  TransmitOffload,
} from './contract.js';
export { DhcpClient, type DhcpLease, type DhcpState } from './dhcp/client.js';
export { type DnsError, type DnsResult, Resolver } from './dns/resolver.js';
export {
  EVENT_CLOSED,
  EVENT_CONNECTED,
  EVENT_END,
  EVENT_READABLE,
  EVENT_WRITABLE,
  type EventSource,
  type NetError,
  type SocketObserver,
} from './events.js';
export type {
  InterfaceAddress,
  InterfaceCounters,
  NetworkInterface,
} from './interface/interface.js';
export type { Neighbour } from './interface/neighbours.js';
export type { Path } from './interface/paths.js';
export type { Route, RouteTable } from './interface/routes.js';
export { DEFAULT_LIMITS, LIMIT_TABLE, type Limit, type Limits } from './limits.js';
export type { RawPacket, RawSocket } from './raw/raw.js';
export { type InterfaceOptions, Stack, type StackOptions } from './stack.js';
export { SUPPORT, type Support } from './support.js';
export type { Connection } from './tcp/connection.js';
export type { CongestionName, TcpCounters } from './tcp/environment.js';
export type { TcpListener } from './tcp/listener.js';
export { stateName, TcpState } from './tcp/state.js';
export type { ConnectResult, ListenResult } from './tcp/tcp.js';
export { NEVER } from './timers.js';
export type { UdpDatagram, UdpSocket } from './udp/udp.js';
export {
  ANY_V4,
  ANY_V6,
  BROADCAST_V4,
  IpAddress,
  type IpPrefix,
  ipv4,
  LOOPBACK_V4,
  LOOPBACK_V6,
  parseAddress,
  parsePrefix,
} from './wire/address.js';
export { MacAddress, parseMac } from './wire/ethernet.js';
