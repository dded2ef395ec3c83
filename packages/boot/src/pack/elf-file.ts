/**
 * What the host must know of an ELF file before booting: can it run here, which interpreter does it name, which libraries.
 *
 * gABI chapters 4 and 5. The headers' own rules are checked by `@tessera/linux`'s parser; this adds the dynamic section.
 */
import { readFileSync } from 'node:fs';
import { NotRunnableError } from '../errors.js';

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DT_RPATH = 15n;
const DT_RUNPATH = 29n;
const MACHINES: Record<number, string> = {
  3: '32-bit x86',
  8: 'MIPS',
  20: 'PowerPC',
  21: '64-bit PowerPC',
  22: 's390',
  40: '32-bit ARM',
  183: 'arm64',
  243: 'RISC-V',
  258: 'LoongArch',
};

export interface ElfFile {
  /** Path of the program interpreter (ld.so), if the program is dynamic. */
  readonly interpreter: string | undefined;
  readonly needed: readonly string[];
  /** Directories of DT_RPATH and DT_RUNPATH, not expanded. */
  readonly rpath: readonly string[];
  readonly runpath: readonly string[];
}

interface Header {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly fileBytes: number;
}

export type Machine = 'x86_64' | 'aarch64';

function refuse(path: string, why: string): never {
  throw new NotRunnableError(`${path}: ${why}`);
}

function programHeaders(path: string, bytes: Buffer): Header[] {
  const at = Number(bytes.readBigUInt64LE(32));
  const size = bytes.readUInt16LE(54);
  const count = bytes.readUInt16LE(56);
  if (size !== 56 || count === 0) refuse(path, 'not an executable (it has no program headers)');
  if (at + count * size > bytes.length)
    refuse(path, 'the file is cut off (its program headers are missing)');
  return Array.from({ length: count }, (_, index) => {
    const base = at + index * size;
    return {
      type: bytes.readUInt32LE(base),
      offset: Number(bytes.readBigUInt64LE(base + 8)),
      address: bytes.readBigUInt64LE(base + 16),
      fileBytes: Number(bytes.readBigUInt64LE(base + 32)),
    };
  });
}

function cString(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString('latin1', at, end < 0 ? bytes.length : end);
}

export function isElf(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32BE(0) === 0x7f454c46;
}

/** Reads an ELF file. Throws NotRunnableError with the reason when it cannot run on `machine`. */
export function readElf(
  path: string,
  machine: Machine = 'x86_64',
  bytes: Buffer = readFileSync(path),
): ElfFile {
  if (!isElf(bytes)) refuse(path, 'not an ELF executable');
  if (bytes.length < 64) refuse(path, 'the file is cut off (shorter than an ELF header)');
  if (bytes[4] !== 2 || bytes[5] !== 1) {
    refuse(
      path,
      bytes[4] === 1 ? 'a 32-bit executable; only 64-bit ones run here' : 'a big-endian executable',
    );
  }
  const code = bytes.readUInt16LE(18);
  if (code !== (machine === 'x86_64' ? 62 : 183)) {
    const name = code === 62 ? 'x86-64' : (MACHINES[code] ?? `CPU number ${code}`);
    refuse(path, `built for ${name}, not for ${machine === 'x86_64' ? 'x86-64' : 'arm64'}`);
  }
  const type = bytes.readUInt16LE(16);
  if (type !== 2 && type !== 3)
    refuse(
      path,
      type === 1 ? 'an object file, not an executable' : `not an executable (ELF type ${type})`,
    );
  const headers = programHeaders(path, bytes);
  for (const header of headers) {
    if (header.type === PT_LOAD && header.offset + header.fileBytes > bytes.length) {
      refuse(
        path,
        `the file is cut off (${bytes.length} bytes; a segment ends at ${header.offset + header.fileBytes})`,
      );
    }
  }
  if (!headers.some((header) => header.type === PT_LOAD)) refuse(path, 'nothing to load in it');
  const interp = headers.find((header) => header.type === PT_INTERP);
  const interpreter = interp ? cString(bytes, interp.offset) : undefined;
  return { interpreter, ...dynamicSection(bytes, headers) };
}

function dynamicSection(bytes: Buffer, headers: readonly Header[]): Omit<ElfFile, 'interpreter'> {
  const entries: [bigint, bigint][] = [];
  const dynamic = headers.find((header) => header.type === PT_DYNAMIC);
  if (dynamic) {
    const end = Math.min(dynamic.offset + dynamic.fileBytes, bytes.length);
    for (let at = dynamic.offset; at + 16 <= end; at += 16) {
      const tag = bytes.readBigUInt64LE(at);
      if (tag === 0n) break;
      entries.push([tag, bytes.readBigUInt64LE(at + 8)]);
    }
  }
  const address = entries.find(([tag]) => tag === DT_STRTAB)?.[1];
  const home = headers.find(
    (h) =>
      h.type === PT_LOAD &&
      address !== undefined &&
      address >= h.address &&
      address < h.address + BigInt(h.fileBytes),
  );
  const table =
    home && address !== undefined ? home.offset + Number(address - home.address) : undefined;
  const strings = (wanted: bigint): string[] =>
    table === undefined
      ? []
      : entries
          .filter(([tag]) => tag === wanted)
          .map(([, value]) => cString(bytes, table + Number(value)));
  const folders = (wanted: bigint): string[] =>
    strings(wanted)
      .flatMap((list) => list.split(':'))
      .filter(Boolean);
  return { needed: strings(DT_NEEDED), rpath: folders(DT_RPATH), runpath: folders(DT_RUNPATH) };
}
