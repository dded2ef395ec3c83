/**
 * epoll and eventfd as open files.
 *
 * An epoll file holds its interests by descriptor. Each interest has a waker on its file's queue, which marks it and wakes
 * whoever waits for the epoll file. Level-triggered interests are looked at on every wait; edge-triggered ones only when
 * they are marked, and the mark is taken off before the look, so that an edge during it is not lost. An interest whose
 * descriptor has been closed or reused is dropped when it is found.
 */
import type { u64 } from '@tessera/machine';
import {
  type Attributes,
  type DescriptorTable,
  EAGAIN,
  EEXIST,
  EINVAL,
  ENOENT,
  OpenFile,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  WaitQueue,
  type Waker,
} from '@tessera/vfs';

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
const EPOLLONESHOT = 0x40000000;
const EPOLLET = 0x80000000;
/** Bits that a file can report. */
const POLL_BITS = 0x3fff;

class Interest implements Waker {
  readonly descriptor: number;
  readonly file: OpenFile;
  private readonly owner: EpollFile;
  events = 0;
  data: u64 = 0n;
  /** Something may have changed since the last report. */
  marked = true;
  /** One-shot, and already reported. */
  spent = false;

  constructor(owner: EpollFile, descriptor: number, file: OpenFile) {
    this.owner = owner;
    this.descriptor = descriptor;
    this.file = file;
    const queue = file.waitQueue();
    if (queue !== undefined) queue.add(this);
  }

  wake(): void {
    this.marked = true;
    this.owner.queue.wakeAll();
  }

  remove(): void {
    const queue = this.file.waitQueue();
    if (queue !== undefined) queue.remove(this);
  }

  /** What is to be reported now; 0 for nothing. */
  look(): number {
    if (this.spent) return 0;
    const edge = this.events >= EPOLLET;
    if (edge && !this.marked) return 0;
    return this.file.poll() & ((this.events & POLL_BITS) | POLLERR | POLLHUP);
  }

  reported(): void {
    if (this.events >= EPOLLET) this.marked = false;
    if ((this.events & EPOLLONESHOT) !== 0) this.spent = true;
  }
}

/** One event as epoll_wait gives it. */
export class EpollEvent {
  readonly events: number;
  readonly data: u64;

  constructor(events: number, data: u64) {
    this.events = events;
    this.data = data;
  }
}

export class EpollFile extends OpenFile {
  readonly queue: WaitQueue = new WaitQueue();
  private readonly node: number;
  private readonly interests: Interest[] = [];
  private readonly table: DescriptorTable;
  /** Where the next report starts, so that no busy descriptor starves the others. */
  private next = 0;

  constructor(node: number, table: DescriptorTable) {
    super(2);
    this.node = node;
    this.table = table;
  }

  override stat(out: Attributes): void {
    out.node = this.node;
    out.mode = 0o600;
  }

  override read(_into: Uint8Array): number {
    return -EINVAL;
  }

  override write(_from: Uint8Array): number {
    return -EINVAL;
  }

  override waitQueue(): WaitQueue | undefined {
    return this.queue;
  }

  override poll(): number {
    return this.ready() ? POLLIN : 0;
  }

  private find(descriptor: number): number {
    for (let index = 0; index < this.interests.length; index++) {
      if (this.interests[index].descriptor === descriptor) return index;
    }
    return -1;
  }

  private dropAt(index: number): void {
    this.interests[index].remove();
    this.interests.splice(index, 1);
  }

  private dropClosed(): void {
    let index = 0;
    while (index < this.interests.length) {
      const interest = this.interests[index];
      if (this.table.get(interest.descriptor) === interest.file) index++;
      else this.dropAt(index);
    }
  }

  control(
    operation: number,
    descriptor: number,
    file: OpenFile,
    events: number,
    data: u64,
  ): number {
    this.dropClosed();
    if (file === this) return -EINVAL;
    const at = this.find(descriptor);
    switch (operation) {
      case EPOLL_CTL_ADD: {
        if (at >= 0) return -EEXIST;
        const interest = new Interest(this, descriptor, file);
        interest.events = events;
        interest.data = data;
        this.interests.push(interest);
        if (interest.look() !== 0) this.queue.wakeAll();
        return 0;
      }
      case EPOLL_CTL_MOD: {
        if (at < 0) return -ENOENT;
        const interest = this.interests[at];
        interest.events = events;
        interest.data = data;
        interest.spent = false;
        interest.marked = true;
        if (interest.look() !== 0) this.queue.wakeAll();
        return 0;
      }
      case EPOLL_CTL_DEL:
        if (at < 0) return -ENOENT;
        this.dropAt(at);
        return 0;
      default:
        return -EINVAL;
    }
  }

  /** Something is to be reported. */
  ready(): boolean {
    for (let index = 0; index < this.interests.length; index++) {
      if (this.interests[index].look() !== 0) return true;
    }
    return false;
  }

  /** Takes at most `limit` events. */
  collect(limit: number): EpollEvent[] {
    this.dropClosed();
    const list: EpollEvent[] = [];
    const count = this.interests.length;
    if (this.next >= count) this.next = 0;
    const start = this.next;
    for (let step = 0; step < count && list.length < limit; step++) {
      const index = (start + step) % count;
      const interest = this.interests[index];
      const bits = interest.look();
      if (bits === 0) continue;
      interest.reported();
      list.push(new EpollEvent(bits, interest.data));
      this.next = index + 1;
    }
    return list;
  }

  protected override close(): void {
    while (this.interests.length > 0) this.dropAt(this.interests.length - 1);
  }
}

const EVENT_MAX: u64 = 0xfffffffffffffffen;

/** A counter: reads take it (or one of it), writes add to it. */
export class EventFile extends OpenFile {
  readonly queue: WaitQueue = new WaitQueue();
  private readonly node: number;
  private readonly semaphore: boolean;
  private counter: u64;

  constructor(node: number, initial: u64, semaphore: boolean, flags: number) {
    super(flags | 2);
    this.node = node;
    this.counter = initial;
    this.semaphore = semaphore;
  }

  override stat(out: Attributes): void {
    out.node = this.node;
    out.mode = 0o600;
  }

  override read(into: Uint8Array): number {
    if (into.length < 8) return -EINVAL;
    if (this.counter === 0n) return -EAGAIN;
    const taken: u64 = this.semaphore ? 1n : this.counter;
    this.counter = BigInt.asUintN(64, this.counter - taken);
    for (let index = 0; index < 8; index++) {
      into[index] = Number(BigInt.asUintN(8, taken >> BigInt(index * 8)));
    }
    this.queue.wakeAll();
    return 8;
  }

  override write(from: Uint8Array): number {
    if (from.length < 8) return -EINVAL;
    let value: u64 = 0n;
    for (let index = 7; index >= 0; index--) {
      value = BigInt.asUintN(64, BigInt.asUintN(64, value << 8n) | BigInt(from[index]));
    }
    if (value > EVENT_MAX) return -EINVAL;
    if (value > BigInt.asUintN(64, EVENT_MAX - this.counter)) return -EAGAIN;
    this.counter = BigInt.asUintN(64, this.counter + value);
    this.queue.wakeAll();
    return 8;
  }

  override poll(): number {
    return (this.counter > 0n ? POLLIN : 0) | (this.counter < EVENT_MAX ? POLLOUT : 0);
  }

  override waitQueue(): WaitQueue | undefined {
    return this.queue;
  }
}
