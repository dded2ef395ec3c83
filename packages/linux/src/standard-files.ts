/**
 * The name space that every program finds: /dev, /proc, /sys, /tmp, /dev/shm, and its three standard streams.
 *
 * Mount points are made if the root file system lacks them and can be written.
 */
import {
  type bytestr,
  type DeviceFileSystem,
  type DeviceNode,
  EEXIST,
  Failure,
  type FileSystem,
  makeDevice,
  O_RDWR,
  O_WRONLY,
  type OpenFile,
  type Place,
} from '@tessera/vfs';
import type { ConsoleOutput } from './contract.js';
import { ProcFiles } from './proc/proc.js';
import type { Process } from './process.js';
import { SIGHUP } from './signal/signals.js';
import type { LinuxSystem } from './system.js';
import {
  type InputCredit,
  InputStream,
  OutputStream,
  Terminal,
  TerminalFile,
} from './tty/streams.js';

/** Where the host's input goes. */
export class StandardStreams {
  readonly terminal: Terminal;
  /** Defined if standard input is no terminal. */
  readonly input: InputStream | undefined;
  private readonly consumer: InputCredit | undefined;

  constructor(
    terminal: Terminal,
    input: InputStream | undefined,
    consumer: InputCredit | undefined,
  ) {
    this.terminal = terminal;
    this.input = input;
    this.consumer = consumer;
  }

  /** So many bytes need no room any more. */
  credit(bytes: number): void {
    if (this.consumer !== undefined) this.consumer.consumed(bytes);
  }

  /** Bytes from the host. */
  receive(bytes: Uint8Array): void {
    if (this.input !== undefined) this.input.push(bytes);
    else this.terminal.input(bytes);
  }

  /** The host's input has ended. */
  end(): void {
    if (this.input !== undefined) this.input.end();
    else this.terminal.hangUp();
  }
}

function mountAt(
  system: LinuxSystem,
  place: Place,
  path: bytestr,
  fileSystem: FileSystem,
  source: bytestr,
): void {
  const made = system.namespace.makeDirectory(place, place.root, path, 0o755);
  if (made < 0 && made !== -EEXIST) {
    system.log.line(path + ' cannot be made: error ' + (-made).toString());
  }
  const status = system.namespace.mount(place, path, fileSystem, source);
  if (status < 0) system.log.line(path + ' cannot be mounted: error ' + (-status).toString());
}

/**
 * Mounts everything and opens descriptors 0 to 2. `temporary` becomes /dev/shm; /tmp is a directory of the root.
 * The three flags say which of the host's streams are terminals.
 */
export function addStandardFiles(
  system: LinuxSystem,
  process: Process,
  devices: DeviceFileSystem,
  temporary: FileSystem,
  console: ConsoleOutput,
  inputIsTerminal: boolean,
  outputIsTerminal: boolean,
  errorIsTerminal: boolean,
  credit: InputCredit | undefined,
): StandardStreams {
  const place = process.place;
  const terminal = new Terminal(console, (signal: number): void => {
    if (signal !== SIGHUP) system.signalProcess(process, signal);
  });
  const openTerminal = (node: DeviceNode, flags: number): OpenFile | Failure =>
    new TerminalFile(terminal, node, flags);
  devices.add('console', makeDevice(5, 1), 0o600, openTerminal);
  const tty = devices.add('tty', makeDevice(5, 0), 0o666, openTerminal);
  const files = new ProcFiles(system, process);
  mountAt(system, place, '/dev', devices.fileSystem, 'devtmpfs');
  system.namespace.mount(place, '/dev/shm', temporary, 'tmpfs');
  mountAt(system, place, '/proc', files.proc, 'proc');
  mountAt(system, place, '/sys', files.sys, 'sysfs');
  const umask = place.umask;
  place.umask = 0;
  const made = system.namespace.makeDirectory(place, place.root, '/tmp', 0o1777);
  if (made < 0 && made !== -EEXIST)
    system.log.line('/tmp cannot be made: error ' + (-made).toString());
  place.umask = umask;

  const input = inputIsTerminal ? undefined : new InputStream(0, credit);
  const console0: OpenFile =
    input === undefined ? terminalFile(system, place, terminal, tty) : input;
  process.files.install(console0, 0, false);
  process.files.install(
    outputIsTerminal
      ? terminalFile(system, place, terminal, tty)
      : new OutputStream(console, 1, O_WRONLY),
    0,
    false,
  );
  process.files.install(
    errorIsTerminal
      ? terminalFile(system, place, terminal, tty)
      : new OutputStream(console, 2, O_WRONLY),
    0,
    false,
  );
  return new StandardStreams(terminal, input, credit);
}

/** A terminal descriptor that knows its name, for ttyname and /proc/self/fd. */
function terminalFile(
  system: LinuxSystem,
  place: Place,
  terminal: Terminal,
  node: DeviceNode,
): OpenFile {
  const opened = system.namespace.find(place, place.root, '/dev/console', true);
  const file = new TerminalFile(terminal, node, O_RDWR);
  if (!(opened instanceof Failure)) {
    opened.pin();
    file.dentry = opened;
  }
  return file;
}
