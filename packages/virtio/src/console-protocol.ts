/** Virtio console (virtio 1.3, 5.3). */
export const CONSOLE_SIZE = 0;
export const CONSOLE_MULTIPORT = 1;
export const CONSOLE_CONFIG_COLUMNS = 0;
export const CONSOLE_CONFIG_ROWS = 2;
export const CONSOLE_CONFIG_PORTS_MAX = 4;
export const CONSOLE_CONFIG_BYTES = 12;

/** Control messages: port id u32, event u16, value u16, then a name or a size (rows u16, columns u16). */
export enum ConsoleEvent {
  DeviceReady = 0,
  PortAdd = 1,
  PortRemove = 2,
  PortReady = 3,
  ConsolePort = 4,
  Resize = 5,
  PortOpen = 6,
  PortName = 7,
}
