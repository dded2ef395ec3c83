// A TAP device of Linux as a link.
//
// Node cannot issue ioctls, so /dev/net/tun is opened here, its descriptor is inherited by a tiny helper that does
// TUNSETIFF and exits, and the device stays attached to the open file that both share. The helper is any command that
// gets the interface name as its last argument and the descriptor as number 3; Perl and Python one-liners are tried by
// default. Creating a device needs CAP_NET_ADMIN; using a persistent one made by `ip tuntap add` for this user does not.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import type { LinkCapabilities, LinkDevice, TransmitOffload } from '../contract.js';
import { MacAddress } from '../wire/ethernet.js';
import type { HostDevice } from './host.js';

// TUNSETIFF with IFF_TAP | IFF_NO_PI.
const PERL =
  'open(my $f,"+<&=",3) or die "$!\\n"; my $r=pack("a16S x22",$ARGV[0],0x1002); ioctl($f,0x400454ca,$r) or die "$!\\n";';
const PYTHON =
  'import fcntl,struct,sys;fcntl.ioctl(3,0x400454ca,struct.pack("16sH22x",sys.argv[1].encode(),0x1002))';
const DEFAULT_HELPERS: readonly (readonly string[])[] = [
  ['perl', '-e', PERL],
  ['python3', '-c', PYTHON],
];
const FRAME_BYTES_MAX = 65536 + 14;

export class TapError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TapError';
  }
}

export interface TapOptions {
  readonly mtu?: number;
  readonly mac?: MacAddress;
  /** Command that attaches descriptor 3 to the interface named by its last argument. */
  readonly helper?: readonly string[];
}

export class TapDevice implements LinkDevice, HostDevice {
  readonly capabilities: LinkCapabilities;
  readonly name: string;
  readonly #fd: number;
  readonly #transmit: Buffer = Buffer.alloc(FRAME_BYTES_MAX);
  readonly #receive: Buffer = Buffer.alloc(FRAME_BYTES_MAX);
  #closed = false;
  /** Frames that the kernel refused. */
  dropped = 0;

  private constructor(name: string, fd: number, options: TapOptions) {
    this.name = name;
    this.#fd = fd;
    const random = randomBytes(5);
    this.capabilities = {
      medium: 'ethernet',
      mtu: options.mtu ?? 1500,
      mac: options.mac ?? new MacAddress(0x0200 | random[0], random.readInt32BE(1)),
      checksumTransmit: false,
      checksumReceive: false,
      segmentationBytesMax: 0,
    };
  }

  static open(name: string, options: TapOptions = {}): TapDevice {
    if (name.length === 0 || name.length > 15)
      throw new TapError(`interface name of 1 to 15 characters expected: ${name}`);
    let fd: number;
    try {
      fd = fs.openSync('/dev/net/tun', 'r+');
    } catch (error) {
      throw new TapError(
        `cannot open /dev/net/tun: ${error instanceof Error ? error.message : error}`,
      );
    }
    const failure = attach(
      fd,
      name,
      options.helper === undefined ? DEFAULT_HELPERS : [options.helper],
    );
    if (failure === undefined) return new TapDevice(name, fd, options);
    fs.closeSync(fd);
    throw new TapError(failure);
  }

  reserve(_bytes: number): Uint8Array | undefined {
    return this.#closed ? undefined : this.#transmit;
  }

  commit(bytes: number, _offload: TransmitOffload): void {
    try {
      fs.writeSync(this.#fd, this.#transmit, 0, bytes);
    } catch {
      // EIO while the interface is down, ENOBUFS when the kernel is short: a lost frame, as on any wire.
      this.dropped += 1;
    }
  }

  start(frame: (buffer: Uint8Array, length: number) => void): void {
    const next = (): void => {
      fs.read(this.#fd, this.#receive, 0, this.#receive.length, null, (error, bytes) => {
        if (this.#closed) return;
        if (error !== null) {
          // The interface is down (EIO): look again later.
          setTimeout(next, 100).unref();
          return;
        }
        frame(this.#receive, bytes);
        next();
      });
    };
    next();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    fs.closeSync(this.#fd);
  }
}

/** Undefined: attached. Otherwise what went wrong, for people. */
function attach(
  fd: number,
  name: string,
  helpers: readonly (readonly string[])[],
): string | undefined {
  let reason = 'no helper found: install perl or python3, or name one in `helper`';
  for (const helper of helpers) {
    const [command, ...rest] = helper;
    const result = spawnSync(command, [...rest, name], { stdio: ['ignore', 'ignore', 'pipe', fd] });
    if (result.error !== undefined) continue;
    if (result.status === 0) return undefined;
    const text = result.stderr.toString().trim().split('\n').pop() ?? '';
    reason = `TUNSETIFF on ${name} failed: ${text}`;
    if (text.includes('not permitted'))
      reason += ' (CAP_NET_ADMIN is missing, or the interface belongs to another user)';
    if (text.includes('busy')) reason += ' (another process has it open)';
    return reason;
  }
  return reason;
}
