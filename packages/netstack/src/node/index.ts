export { Host, type HostDevice, MonotonicClock, SystemRandom } from './host.js';
export {
  type AttachOptions,
  type ConnectOptions,
  DatagramSocket,
  Network,
  type RemoteInfo,
  TcpServer,
} from './network.js';
export { NetworkError, TcpSocket } from './socket.js';
export { TapDevice, TapError, type TapOptions } from './tap.js';
