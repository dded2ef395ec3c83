/** How a driver waits for its device: the kernel sleeps until the interrupt, tests run the device. */
export interface Waiter {
  /** Returns after something may have changed; false when waiting longer is pointless (time is up, device gone). */
  waitForDevice(): boolean;
}

/** For devices that answer before `notify` returns. */
export class NoWaiter implements Waiter {
  waitForDevice(): boolean {
    return false;
  }
}
