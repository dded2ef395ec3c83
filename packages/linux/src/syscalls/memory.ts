/** brk, mmap and relatives: arguments checked here, done by the address space. */
import {
  EACCES,
  EBADF,
  EFAULT,
  EINVAL,
  ENODEV,
  ENOMEM,
  Failure,
  type OpenFile,
  S_IFREG,
} from '@tessera/vfs';
import { type Call, int32, lengthOf, signedOf, uint32, userAddress } from '../call.js';
import { type FilePager, MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_WRITE } from '../contract.js';
import { PAGE_BYTES, pageUp } from '../elf/elf.js';
import type { SystemCallTable } from './table.js';

const MAP_TYPE = 15;
const MAP_SHARED_VALIDATE = 3;
const MAP_HUGETLB = 0x40000;
/** No mapping is larger: the program's half of the address space. */
const MAPPING_BYTES_MAX = 0x7fffffff0000;

function map(call: Call): number {
  const length = lengthOf(call.a1);
  const protection = int32(call.a2);
  const flags = uint32(call.a3);
  const offset = signedOf(call.a5);
  const kind = flags & MAP_TYPE;
  if (length === 0 || (protection & ~0x0300000f) !== 0) return -EINVAL;
  if (kind !== MAP_SHARED && kind !== MAP_PRIVATE && kind !== MAP_SHARED_VALIDATE) return -EINVAL;
  if (length > MAPPING_BYTES_MAX) return -ENOMEM;
  if (offset < 0 || offset % PAGE_BYTES !== 0) return -EINVAL;
  const address = userAddress(call.a0);
  if (address < 0) return -ENOMEM;
  if ((flags & MAP_HUGETLB) !== 0) return -ENOMEM;
  let pager: FilePager | undefined;
  let name = '';
  let sharing = kind === MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED;
  if ((flags & MAP_ANONYMOUS) === 0) {
    const file = call.file(call.a4);
    if (file instanceof Failure) return -EBADF;
    const refused = refusedMapping(file, protection, sharing);
    if (refused < 0) return refused;
    const node = file.vnode();
    if (node === undefined) return -ENODEV;
    pager = call.system.pagers.pagerFor(node, sharing === MAP_SHARED);
    if (pager === undefined) return -ENODEV;
    if (file.dentry !== undefined) {
      const path = call.system.namespace.pathOf(file.dentry, call.process.place);
      name = path === undefined ? '' : path;
    }
  } else if (sharing === MAP_SHARED) {
    // One process: shared and private anonymous memory cannot be told apart.
    sharing = MAP_PRIVATE;
  }
  return call.process.space.map({
    address: address,
    bytes: pageUp(length),
    protection: protection & 7,
    flags: (flags & ~MAP_TYPE) | sharing,
    pager: pager,
    offset: offset,
    name: name,
  });
}

function refusedMapping(file: OpenFile, protection: number, sharing: number): number {
  if (!file.mayRead()) return -EACCES;
  if (sharing === MAP_SHARED && (protection & PROT_WRITE) !== 0 && !file.mayWrite()) return -EACCES;
  const node = file.vnode();
  if (node !== undefined && node.type !== S_IFREG) return -ENODEV;
  return 0;
}

/** A page-aligned start and a length in whole pages, or -EINVAL. */
function range(call: Call): number {
  const address = userAddress(call.a0);
  return address < 0 || address % PAGE_BYTES !== 0 ? -EINVAL : address;
}

function unmap(call: Call): number {
  const address = range(call);
  const length = lengthOf(call.a1);
  if (address < 0 || length === 0 || length > MAPPING_BYTES_MAX) return -EINVAL;
  return call.process.space.unmap(address, pageUp(length));
}

function protect(call: Call): number {
  const address = range(call);
  const length = lengthOf(call.a1);
  const protection = uint32(call.a2);
  if (address < 0 || (protection & ~0x0300000f) !== 0) return -EINVAL;
  if (length === 0) return 0;
  if (length > MAPPING_BYTES_MAX) return -ENOMEM;
  return call.process.space.protect(address, pageUp(length), protection & 7);
}

function setBreak(call: Call): number {
  const address = userAddress(call.a0);
  return call.process.space.setBreak(address < 0 ? 0 : address);
}

function remap(call: Call): number {
  const address = range(call);
  const oldBytes = lengthOf(call.a1);
  const newBytes = lengthOf(call.a2);
  const flags = uint32(call.a3);
  if (address < 0 || (flags & ~7) !== 0 || newBytes === 0) return -EINVAL;
  if (oldBytes > MAPPING_BYTES_MAX || newBytes > MAPPING_BYTES_MAX) return -ENOMEM;
  // MREMAP_FIXED needs MREMAP_MAYMOVE; DONTUNMAP too.
  if ((flags & 6) !== 0 && (flags & 1) === 0) return -EINVAL;
  const target = userAddress(call.a4);
  if ((flags & 2) !== 0 && (target < 0 || target % PAGE_BYTES !== 0)) return -EINVAL;
  return call.process.space.remap(
    address,
    pageUp(oldBytes),
    pageUp(newBytes),
    flags,
    target < 0 ? 0 : target,
  );
}

function advise(call: Call): number {
  const address = range(call);
  const length = lengthOf(call.a1);
  if (address < 0) return -EINVAL;
  if (length === 0) return 0;
  if (length > MAPPING_BYTES_MAX) return -EINVAL;
  return call.process.space.advise(address, pageUp(length), int32(call.a2));
}

function synchroniseMapping(call: Call): number {
  const address = range(call);
  if (address < 0) return -EINVAL;
  // Mapped pages are the file's own pages: there is nothing to carry over.
  return 0;
}

/** Every mapped page may be told resident: it is an allowed answer. */
function residency(call: Call): number {
  const address = range(call);
  const length = lengthOf(call.a1);
  if (address < 0) return -EINVAL;
  if (length > MAPPING_BYTES_MAX) return -ENOMEM;
  const pages = Math.trunc(pageUp(length) / PAGE_BYTES);
  const out = userAddress(call.a2);
  return out >= 0 && call.memory.fill(out, 1, pages) ? 0 : -EFAULT;
}

export function addMemoryCalls(table: SystemCallTable): void {
  table.partly(9, 'pnxxfd', 'no MAP_HUGETLB (ENOMEM)', map);
  table.done(10, 'pnx', protect);
  table.done(11, 'pn', unmap);
  table.done(12, 'p', setBreak);
  table.done(25, 'pnnxp', remap);
  table.done(26, 'pnx', synchroniseMapping);
  table.partly(27, 'pnp', 'says resident', residency);
  table.done(28, 'pnd', advise);
  // No swap: what is present stays present, so locking changes nothing.
  table.done(149, 'pn', (_call: Call): number => 0);
  table.done(150, 'pn', (_call: Call): number => 0);
  table.done(151, 'x', (_call: Call): number => 0);
  table.done(152, '', (_call: Call): number => 0);
}
