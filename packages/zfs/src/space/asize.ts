import type { Vdev } from '../vdev/vdev.js';

/** Bytes that a block of `psizeBytes` takes on a top-level vdev, parity and padding included. */
export function allocatedSize(top: Vdev, psizeBytes: number, width: number): number {
  const sector = Math.pow(2, top.config.int('ashift', 9));
  const sectors = Math.trunc((psizeBytes + sector - 1) / sector);
  const parity = top.config.int('nparity', 0);
  if (top.kind === 'raidz') {
    const rows = Math.trunc((sectors + width - parity - 1) / (width - parity));
    const total = sectors + parity * rows;
    return Math.trunc((total + parity) / (parity + 1)) * (parity + 1) * sector;
  }
  if (top.kind === 'draid') {
    const data = top.config.int('draid_ndata', 1);
    return Math.trunc((sectors + data - 1) / data) * (data + parity) * sector;
  }
  return sectors * sector;
}
