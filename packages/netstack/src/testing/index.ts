export {
  type FrameListener,
  type Impairments,
  MemoryLink,
  MemoryLinkEnd,
  type MemoryLinkOptions,
} from './memory-link.js';
export { VirtualNetwork } from './network.js';
export { PcapWriter } from './pcap.js';
export { SeededRandom } from './random.js';
