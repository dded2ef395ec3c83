/**
 * Pipes: a ring of bytes between two open files.
 *
 * Writes of at most PIPE_ATOMIC_BYTES go in whole or not at all. Reading an empty pipe without writers answers 0;
 * writing without readers answers EPIPE (the signal is the caller's).
 */
import { EAGAIN, EBADF, EPIPE } from './errno.js';
import { PIPE_ATOMIC_BYTES, PIPE_BYTES } from './limits.js';
import { O_RDONLY, O_WRONLY, POLLERR, POLLHUP, POLLIN, POLLOUT, S_IFIFO } from './modes.js';
import { OpenFile } from './open-file.js';
import type { Attributes } from './vnode.js';
import { WaitQueue } from './wait.js';

export class Pipe {
  readonly node: number;
  readonly queue: WaitQueue = new WaitQueue();
  readers = 0;
  writers = 0;
  private readonly ring: Uint8Array;
  private start = 0;
  private length = 0;

  constructor(node: number) {
    this.node = node;
    this.ring = new Uint8Array(PIPE_BYTES);
  }

  buffered(): number {
    return this.length;
  }

  free(): number {
    return this.ring.length - this.length;
  }

  read(into: Uint8Array): number {
    if (into.length === 0) return 0;
    if (this.length === 0) return this.writers === 0 ? 0 : -EAGAIN;
    const count = into.length < this.length ? into.length : this.length;
    const first = this.ring.length - this.start;
    if (count <= first) {
      into.set(this.ring.subarray(this.start, this.start + count), 0);
    } else {
      into.set(this.ring.subarray(this.start, this.ring.length), 0);
      into.set(this.ring.subarray(0, count - first), first);
    }
    this.start = (this.start + count) % this.ring.length;
    this.length -= count;
    this.queue.wakeAll();
    return count;
  }

  write(from: Uint8Array): number {
    if (this.readers === 0) return -EPIPE;
    if (from.length === 0) return 0;
    const room = this.free();
    if (room === 0 || (from.length <= PIPE_ATOMIC_BYTES && from.length > room)) return -EAGAIN;
    const count = from.length < room ? from.length : room;
    const end = (this.start + this.length) % this.ring.length;
    const first = this.ring.length - end;
    if (count <= first) {
      this.ring.set(from.subarray(0, count), end);
    } else {
      this.ring.set(from.subarray(0, first), end);
      this.ring.set(from.subarray(first, count), 0);
    }
    this.length += count;
    this.queue.wakeAll();
    return count;
  }
}

export class PipeReader extends OpenFile {
  readonly pipe: Pipe;

  constructor(pipe: Pipe, flags: number) {
    super(flags | O_RDONLY);
    this.pipe = pipe;
    pipe.readers++;
  }

  override stat(out: Attributes): void {
    statPipe(this.pipe, out);
  }

  override read(into: Uint8Array): number {
    return this.pipe.read(into);
  }

  override write(_from: Uint8Array): number {
    return -EBADF;
  }

  override poll(): number {
    let bits = this.pipe.buffered() > 0 ? POLLIN : 0;
    if (this.pipe.writers === 0) bits |= POLLHUP;
    return bits;
  }

  override waitQueue(): WaitQueue | undefined {
    return this.pipe.queue;
  }

  override available(): number {
    return this.pipe.buffered();
  }

  protected override close(): void {
    this.pipe.readers--;
    this.pipe.queue.wakeAll();
  }
}

export class PipeWriter extends OpenFile {
  readonly pipe: Pipe;

  constructor(pipe: Pipe, flags: number) {
    super(flags | O_WRONLY);
    this.pipe = pipe;
    pipe.writers++;
  }

  override stat(out: Attributes): void {
    statPipe(this.pipe, out);
  }

  override read(_into: Uint8Array): number {
    return -EBADF;
  }

  override write(from: Uint8Array): number {
    return this.pipe.write(from);
  }

  override poll(): number {
    if (this.pipe.readers === 0) return POLLOUT | POLLERR;
    return this.pipe.free() >= PIPE_ATOMIC_BYTES ? POLLOUT : 0;
  }

  override waitQueue(): WaitQueue | undefined {
    return this.pipe.queue;
  }

  protected override close(): void {
    this.pipe.writers--;
    this.pipe.queue.wakeAll();
  }
}

function statPipe(pipe: Pipe, out: Attributes): void {
  out.node = pipe.node;
  out.mode = S_IFIFO | 0o600;
  out.links = 1;
  out.size = 0;
}
