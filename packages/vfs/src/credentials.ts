/** Who asks, and what the permission bits answer. */
import { EACCES } from './errno.js';
import { MAY_EXECUTE, S_IFDIR, S_IFMT } from './modes.js';
import type { Attributes } from './vnode.js';

export class Credentials {
  uid: number;
  gid: number;
  groups: number[];

  constructor(uid: number, gid: number) {
    this.uid = uid;
    this.gid = gid;
    this.groups = [];
  }

  inGroup(gid: number): boolean {
    return gid === this.gid || this.groups.indexOf(gid) >= 0;
  }
}

/** 0 if `who` may do all of `mask` (MAY_READ, ...), else -EACCES. User 0 may all but execute what nobody may. */
export function checkAccess(attributes: Attributes, who: Credentials, mask: number): number {
  const mode = attributes.mode;
  if (who.uid === 0) {
    if ((mask & MAY_EXECUTE) === 0) return 0;
    if ((mode & S_IFMT) === S_IFDIR || (mode & 0o111) !== 0) return 0;
    return -EACCES;
  }
  let granted = mode & 7;
  if (attributes.uid === who.uid) granted = (mode >> 6) & 7;
  else if (who.inGroup(attributes.gid)) granted = (mode >> 3) & 7;
  return (granted & mask) === mask ? 0 : -EACCES;
}
