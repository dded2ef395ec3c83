// A virtual network: stacks, links and one clock that jumps from event to event. No real time passes.

import type { NetworkInterface } from '../interface/interface.js';
import { type InterfaceOptions, Stack, type StackOptions } from '../stack.js';
import { NEVER } from '../timers.js';
import { type IpPrefix, parsePrefix } from '../wire/address.js';
import { MemoryLink, type MemoryLinkEnd, type MemoryLinkOptions } from './memory-link.js';
import { SeededRandom } from './random.js';

class Member {
  readonly stack: Stack;
  next = 0;

  constructor(stack: Stack) {
    this.stack = stack;
  }
}

export class VirtualNetwork {
  now: number;
  readonly random: SeededRandom;
  readonly #members: Member[] = [];
  readonly #links: MemoryLink[] = [];

  /** `startUs`: where the clock begins. */
  constructor(seed = 1, startUs = 1_000_000) {
    this.random = new SeededRandom(seed);
    this.now = startUs;
  }

  link(options: MemoryLinkOptions = {}): MemoryLink {
    const link = new MemoryLink({ seed: this.random.word(), ...options });
    link.now = this.now;
    this.#links.push(link);
    return link;
  }

  stack(options: Partial<StackOptions> = {}): Stack {
    const stack = new Stack({ random: new SeededRandom(this.random.word()), ...options });
    stack.instant.us = this.now;
    this.#members.push(new Member(stack));
    return stack;
  }

  /** Plugs a stack into an end of a link. Addresses as text: `10.0.0.1/24`. */
  attach(
    stack: Stack,
    end: MemoryLinkEnd,
    addresses: readonly string[] = [],
    options: InterfaceOptions = {},
  ): NetworkInterface {
    const prefixes: IpPrefix[] = [];
    for (const text of addresses) {
      const prefix = parsePrefix(text);
      if (prefix === undefined) throw new RangeError(`not an address: ${text}`);
      prefixes.push(prefix);
    }
    const networkInterface = stack.addInterface(end, {
      addresses: prefixes,
      ipv6: false,
      ...options,
    });
    end.listener = {
      frame: (buffer, length): void => {
        stack.receive(networkInterface, buffer, this.now, 0, length);
        const member = this.#members.find((other) => other.stack === stack);
        if (member !== undefined) member.next = this.now;
      },
    };
    return networkInterface;
  }

  /** Says that a stack has work: something was written, read or opened from outside. */
  wake(): void {
    for (const member of this.#members) member.next = this.now;
  }

  /** Runs everything due now, then jumps to the next event. False: nothing will ever happen again, or not by `until`. */
  step(until: number = NEVER, idle: 'wait' | 'stop' = 'stop'): boolean {
    for (const link of this.#links) link.now = Math.max(link.now, this.now);
    for (const member of this.#members)
      if (member.next <= this.now) member.next = member.stack.poll(this.now);
    let next = NEVER;
    for (const link of this.#links) next = Math.min(next, link.next);
    for (const member of this.#members) next = Math.min(next, member.next);
    if (next === NEVER || next > until) {
      if (until !== NEVER && (idle === 'wait' || next !== NEVER))
        this.now = Math.max(this.now, until);
      return false;
    }
    this.now = Math.max(this.now, next);
    for (const link of this.#links) link.deliver(this.now);
    return true;
  }

  /** Steps until the condition holds. False: it did not within `timeoutUs` of virtual time. */
  run(condition: () => boolean, timeoutUs = 60_000_000): boolean {
    const until = this.now + timeoutUs;
    this.wake();
    for (;;) {
      if (condition()) return true;
      if (!this.step(until)) return condition();
    }
  }

  /** Lets virtual time pass. */
  advance(us: number): void {
    const until = this.now + us;
    this.wake();
    while (this.step(until, 'wait'));
    for (const member of this.#members) member.stack.advance(this.now);
  }
}
