/**
 * xenstore client. Requests are answered one at a time; watch events that come in between are queued. A request waits
 * through the `Waiter`; the same words end the wait when the store is gone.
 */
import type { ByteLink } from './byte-ring.js';
import { type FaultSink, XenFaultKind, xenFault } from './fault.js';
import {
  encodeStoreMessage,
  isStorePath,
  STORE_PAYLOAD_MAX,
  StoreAssembler,
  StoreMessage,
  splitWords,
} from './store-protocol.js';

/** How to wait for the other end: the kernel sleeps until the event, tests run the other end. */
export interface Waiter {
  /** Returns after something may have changed; false when waiting longer is pointless. */
  waitForEvent(): boolean;
}

export interface Notifier {
  notify(): void;
}

export interface WatchEvent {
  readonly path: string;
  readonly token: string;
}

/** The names the store uses, or why there was no answer. */
export type StoreError = string;

const EVENTS_MAX = 1024;

export class StoreClient {
  /** Why the last request failed: `ENOENT`, `EAGAIN`, ... or `EIO` when the connection is broken. */
  error: StoreError = '';
  isBroken = false;
  readonly #link: ByteLink;
  readonly #notifier: Notifier;
  readonly #waiter: Waiter;
  readonly #sink: FaultSink;
  readonly #assembler: StoreAssembler = new StoreAssembler();
  readonly #events: WatchEvent[] = [];
  #nextRequest = 1;
  #reply: string | undefined = undefined;
  #waitingFor = 0;

  constructor(link: ByteLink, notifier: Notifier, waiter: Waiter, sink: FaultSink) {
    this.#link = link;
    this.#notifier = notifier;
    this.#waiter = waiter;
    this.#sink = sink;
  }

  /** Undefined on an error, which `error` names. `transaction` is 0 outside one. */
  read(path: string, transaction: number): string | undefined {
    return this.#request(StoreMessage.Read, transaction, path, '');
  }

  /** A decimal number, or -1 when it is missing or is none. */
  readNumber(path: string, transaction: number): number {
    const text = this.read(path, transaction);
    return text === undefined ? -1 : parseDecimal(text);
  }

  write(path: string, value: string, transaction: number): boolean {
    if (path.length + 1 + value.length > STORE_PAYLOAD_MAX) {
      this.error = 'E2BIG';
      return false;
    }
    return this.#request(StoreMessage.Write, transaction, path, value) !== undefined;
  }

  makeDirectory(path: string, transaction: number): boolean {
    return this.#request(StoreMessage.MakeDirectory, transaction, path, '') !== undefined;
  }

  remove(path: string, transaction: number): boolean {
    return this.#request(StoreMessage.Remove, transaction, path, '') !== undefined;
  }

  directory(path: string, transaction: number): string[] | undefined {
    const text = this.#request(StoreMessage.Directory, transaction, path, '');
    return text === undefined ? undefined : splitWords(text);
  }

  /** One event comes at once, then one for every change at or below the path. */
  watch(path: string, token: string): boolean {
    return this.#request(StoreMessage.Watch, 0, path, `${token}\0`) !== undefined;
  }

  unwatch(path: string, token: string): boolean {
    return this.#request(StoreMessage.Unwatch, 0, path, `${token}\0`) !== undefined;
  }

  /** The transaction's id, or 0. */
  beginTransaction(): number {
    const text = this.#exchange(StoreMessage.TransactionStart, 0, '\0');
    if (text === undefined) return 0;
    const id = parseDecimal(splitWords(text)[0] ?? '');
    if (id > 0 && id <= 0xffffffff) return id;
    this.#break(XenFaultKind.BadMessage, id);
    return 0;
  }

  /** False with error `EAGAIN`: somebody else changed what was read; start again. */
  endTransaction(transaction: number, commit: boolean): boolean {
    const text = commit ? 'T\0' : 'F\0';
    return this.#exchange(StoreMessage.TransactionEnd, transaction, text) !== undefined;
  }

  /** Runs `body` in transactions until one commits, at most `triesMax` times. `body` false aborts. */
  transact(triesMax: number, body: (transaction: number) => boolean): boolean {
    for (let tries = 0; tries < triesMax; tries += 1) {
      const transaction = this.beginTransaction();
      if (transaction === 0) return false;
      if (!body(transaction)) {
        const why = this.error;
        this.endTransaction(transaction, false);
        this.error = why;
        return false;
      }
      if (this.endTransaction(transaction, true)) return true;
      if (this.error !== 'EAGAIN') return false;
    }
    return false;
  }

  /** The next watch event that has arrived. */
  nextEvent(): WatchEvent | undefined {
    this.#pump();
    return this.#events.shift();
  }

  #request(type: number, transaction: number, path: string, rest: string): string | undefined {
    // Special watches begin with @; the store checks the rest.
    if (!isStorePath(path) && !path.startsWith('@')) {
      this.error = 'EINVAL';
      return undefined;
    }
    return this.#exchange(type, transaction, `${path}\0${rest}`);
  }

  #exchange(type: number, transaction: number, payload: string): string | undefined {
    if (this.isBroken) {
      this.error = 'EIO';
      return undefined;
    }
    if (payload.length > STORE_PAYLOAD_MAX) {
      this.error = 'E2BIG';
      return undefined;
    }
    this.#waitingFor = this.#nextRequest;
    this.#nextRequest = (this.#nextRequest % 0x7fffffff) + 1;
    this.#reply = undefined;
    this.error = '';
    if (!this.#send(encodeStoreMessage(type, this.#waitingFor, transaction, payload))) {
      return undefined;
    }
    for (;;) {
      this.#pump();
      const isDone = this.#reply !== undefined || this.error !== '';
      if (isDone || this.isBroken) break;
      if (!this.#waiter.waitForEvent()) {
        this.#pump();
        if (this.#reply === undefined && this.error === '') {
          this.#break(XenFaultKind.Timeout, this.#waitingFor);
        }
        break;
      }
    }
    this.#waitingFor = 0;
    if (this.isBroken) this.error = 'EIO';
    return this.error === '' ? this.#reply : undefined;
  }

  #send(message: Uint8Array): boolean {
    let done = 0;
    while (done < message.length) {
      const count = this.#link.outgoing.write(message, done, message.length - done);
      if (this.#link.outgoing.isBroken) return this.#break(XenFaultKind.IndexAhead, done);
      done += count;
      if (count > 0) this.#notifier.notify();
      if (done === message.length) return true;
      // Replies must be taken while the request waits for room, or both ends wait for each other.
      this.#pump();
      if (this.isBroken) return false;
      if (count === 0 && !this.#waiter.waitForEvent() && this.#link.outgoing.free() === 0) {
        return this.#break(XenFaultKind.Timeout, done);
      }
    }
    return true;
  }

  #pump(): void {
    const assembler = this.#assembler;
    let took = 0;
    while (!this.isBroken) {
      const target = assembler.wantsHeader() ? assembler.header : assembler.payload;
      const filled = assembler.filledBytes();
      const count = this.#link.incoming.read(target, filled, assembler.wanted());
      if (this.#link.incoming.isBroken) {
        this.#break(XenFaultKind.IndexAhead, took);
        break;
      }
      if (count === 0) break;
      took += count;
      const isComplete = assembler.accept(count);
      if (assembler.isBroken) {
        this.#break(XenFaultKind.BadMessage, assembler.length);
        break;
      }
      if (isComplete) {
        this.#dispatch();
        assembler.next();
      }
    }
    if (took > 0) this.#notifier.notify();
  }

  #dispatch(): void {
    const assembler = this.#assembler;
    const text = assembler.text();
    if (assembler.type === StoreMessage.WatchEvent) {
      const words = splitWords(text);
      if (words.length < 2) this.#break(XenFaultKind.BadMessage, assembler.type);
      // A store that floods is cut off: the oldest events are the ones acted upon.
      else if (this.#events.length < EVENTS_MAX)
        this.#events.push({ path: words[0], token: words[1] });
      return;
    }
    // The answer to a request that was given up is of no interest.
    if (assembler.requestId !== this.#waitingFor) return;
    if (assembler.type !== StoreMessage.Error) {
      this.#reply = text;
      return;
    }
    const name = splitWords(text)[0] ?? '';
    this.error = name === '' ? 'EIO' : name;
  }

  #break(kind: XenFaultKind, detail: number): boolean {
    if (!this.isBroken) this.#sink.fault(xenFault(kind, 'xenstore', detail));
    this.isBroken = true;
    return false;
  }
}

/** -1 for anything that is not a decimal number of at most 15 digits. */
export function parseDecimal(text: string): number {
  if (text.length === 0 || text.length > 15) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return -1;
    value = value * 10 + (code - 48);
  }
  return value;
}
