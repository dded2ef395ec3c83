/** What both the host and a kernel of an own composition need: the boot configuration, whose layout `linux` defines. */
export {
  BOOT_PAGE_BYTES,
  BOOT_STRACE,
  BOOT_TTY_ERROR,
  BOOT_TTY_INPUT,
  BOOT_TTY_OUTPUT,
  BOOT_VERBOSE,
  BOOT_VERSION,
  type BootConfiguration,
  type ParsedBootConfiguration,
  readBootConfiguration,
  writeBootConfiguration,
} from '@tessera/linux';
