// Telling users that a socket changed, without calling them from the middle of a segment: sources are queued with a set
// of event bits and their observers run when `receive` or `poll` has finished its own work.

export const EVENT_READABLE = 1;
export const EVENT_WRITABLE = 2;
export const EVENT_CONNECTED = 4;
/** The peer will send no more. */
export const EVENT_END = 8;
/** The socket is finished; `error` says whether in order. */
export const EVENT_CLOSED = 16;

export interface SocketObserver {
  /** May call any method of any socket. */
  changed(events: number): void;
}

export class EventSource {
  observer: SocketObserver | undefined = undefined;
  /** Owned by the queue. */
  pendingEvents = 0;
}

export class EventQueue {
  #pending: EventSource[] = [];
  #spare: EventSource[] = [];

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  post(source: EventSource, events: number): void {
    if (source.observer === undefined) return;
    if (source.pendingEvents === 0) this.#pending.push(source);
    source.pendingEvents |= events;
  }

  /** Runs the observers of what is queued now; what they cause is queued for the next call. */
  dispatch(): void {
    const batch = this.#pending;
    this.#pending = this.#spare;
    for (const source of batch) {
      const events = source.pendingEvents;
      source.pendingEvents = 0;
      source.observer?.changed(events);
    }
    batch.length = 0;
    this.#spare = batch;
  }
}

/** Why an operation failed, or a socket ended. One mapping to errno lives at the linux edge. */
export type NetError =
  | 'address-in-use'
  | 'address-not-available'
  | 'invalid'
  | 'unreachable'
  | 'refused'
  | 'reset'
  | 'aborted'
  | 'timed-out'
  | 'too-big'
  | 'busy'
  | 'not-connected'
  | 'already-connected'
  | 'no-memory'
  | 'closed';
