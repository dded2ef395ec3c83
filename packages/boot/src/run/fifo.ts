/**
 * A real pipe for a child's output. What Node calls a pipe is a socket pair, where each one-byte write takes the room of a
 * whole packet: QEMU, which writes its serial port byte by byte, fills it with some 300 bytes and then waits. A named pipe,
 * unlinked as soon as both ends are open, gathers 64 KiB.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

export interface OutputPipe {
  /** For the child's stdio; close it here once the child has it. */
  readonly writeEnd: number;
  readonly reader: Readable;
}

/** undefined where named pipes cannot be made: the caller falls back to Node's own. */
export function openOutputPipe(): OutputPipe | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-line-'));
  const path = join(folder, 'output');
  try {
    if (spawnSync('mkfifo', ['-m', '600', path]).status !== 0) return undefined;
    // The reading end first, without waiting for a writer; the writing end then opens at once.
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeEnd = openSync(path, constants.O_WRONLY);
    return { writeEnd, reader: new Socket({ fd: readEnd, readable: true, writable: false }) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function closeWriteEnd(pipe: OutputPipe | undefined): void {
  if (pipe) closeSync(pipe.writeEnd);
}
