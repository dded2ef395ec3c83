// The routing table: longest prefix first, then lowest metric. `version` changes with every edit, so that a cached
// decision can be checked with one comparison.

import { type IpAddress, type IpPrefix, samePrefix } from '../wire/address.js';
import type { NetworkInterface } from './interface.js';

export interface Route {
  readonly prefix: IpPrefix;
  readonly networkInterface: NetworkInterface;
  /** Undefined: the destination is on the link. */
  readonly gateway: IpAddress | undefined;
  readonly metric: number;
}

export class RouteTable {
  #routes: Route[] = [];
  version = 0;

  get routes(): readonly Route[] {
    return this.#routes;
  }

  add(route: Route): void {
    this.remove(route);
    const routes = this.#routes.slice();
    let place = 0;
    while (place < routes.length && !precedes(route, routes[place])) place += 1;
    routes.splice(place, 0, route);
    this.#routes = routes;
    this.version += 1;
  }

  remove(route: Route): void {
    this.#keep((other) => !sameRoute(route, other));
  }

  removeOf(networkInterface: NetworkInterface): void {
    this.#keep((other) => other.networkInterface !== networkInterface);
  }

  lookup(destination: IpAddress): Route | undefined {
    for (const route of this.#routes)
      if (samePrefix(route.prefix.address, destination, route.prefix.bits)) return route;
    return undefined;
  }

  #keep(wanted: (route: Route) => boolean): void {
    const routes = this.#routes.filter(wanted);
    if (routes.length === this.#routes.length) return;
    this.#routes = routes;
    this.version += 1;
  }
}

function precedes(a: Route, b: Route): boolean {
  if (a.prefix.bits !== b.prefix.bits) return a.prefix.bits > b.prefix.bits;
  return a.metric < b.metric;
}

function sameRoute(a: Route, b: Route): boolean {
  if (a.prefix.bits !== b.prefix.bits || a.networkInterface !== b.networkInterface) return false;
  if (!samePrefix(a.prefix.address, b.prefix.address, a.prefix.bits)) return false;
  if (a.gateway === undefined || b.gateway === undefined) return a.gateway === b.gateway;
  return a.gateway.equals(b.gateway);
}
