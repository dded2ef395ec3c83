/**
 * What the toolstack asks of a running domain through the store: `control/shutdown` (power-off, reboot, suspend, halt)
 * and `memory/target` (KiB). The guest acknowledges a shutdown request by emptying the key.
 */
import type { StoreClient } from './store-client.js';

export type ShutdownRequest = 'none' | 'poweroff' | 'halt' | 'reboot' | 'suspend' | 'unknown';

export class ToolstackControl {
  readonly #store: StoreClient;

  private constructor(store: StoreClient) {
    this.#store = store;
  }

  /** Says what we can do and sets the watches. */
  static open(store: StoreClient): ToolstackControl | undefined {
    for (const feature of ['poweroff', 'reboot', 'suspend']) {
      store.write(`control/feature-${feature}`, '1', 0);
    }
    if (!store.watch('control/shutdown', 'shutdown')) return undefined;
    if (!store.watch('memory/target', 'target')) return undefined;
    return new ToolstackControl(store);
  }

  /** Takes a request and acknowledges it in the same transaction, so that a newer one is not lost. */
  takeShutdown(): ShutdownRequest {
    let request: ShutdownRequest = 'none';
    this.#store.transact(10, (transaction) => {
      const text = this.#store.read('control/shutdown', transaction) ?? '';
      request = requestOf(text);
      if (text === '') return false;
      return this.#store.write('control/shutdown', '', transaction);
    });
    return request;
  }

  /** Memory the toolstack wants us to have, in KiB; -1 when it says nothing. */
  memoryTargetKib(): number {
    return this.#store.readNumber('memory/target', 0);
  }

  /** The program's exit status, for who runs the domain. */
  reportStatus(status: number): boolean {
    return this.#store.write('data/tessera/status', `${status}`, 0);
  }
}

function requestOf(text: string): ShutdownRequest {
  if (text === '') return 'none';
  if (text === 'poweroff' || text === 'halt' || text === 'reboot' || text === 'suspend')
    return text;
  return 'unknown';
}
