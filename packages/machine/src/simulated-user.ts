/** Which pages of the simulated program are not there. Everything else is, so that tests need no page tables. */
const denied = new Set<number>();

/** Pages below 64 KiB always fault, as they do natively. */
export function userPageDenied(address: number): boolean {
  const page = Math.floor(address / 4096);
  return page < 16 || denied.has(page);
}

/** Makes accesses to the page of `address` fault, or work again. */
export function denyUserPage(address: number, deny = true): void {
  const page = Math.floor(address / 4096);
  if (deny) denied.add(page);
  else denied.delete(page);
}
