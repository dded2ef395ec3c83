#!/usr/bin/env node
/** The tessera-zfs command. Exit status: 0 right, 1 the pool has problems, 2 wrong usage or not readable. */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ZfsError } from './errors.js';
import { decodeName, type ZfsFs } from './node/fs-view.js';
import { commandHelp, describePool, describeZdb, listDatasets } from './node/inspect.js';
import { type OpenPool, openPool } from './node/open-pool.js';
import { createPool, openWritablePool, type WritableFs } from './node/writable-pool.js';
import type { Layout } from './write/create-pool.js';

interface Arguments {
  readonly command: string;
  readonly devices: string[];
  readonly keys: Uint8Array[];
  readonly txg: number | undefined;
  readonly rest: string[];
}

/** One output at a time, whole even into a pipe. */
function print(text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

class UsageError extends Error {}

/** A key file serves as raw bytes, and as text with and without its last line end; each of its lines is tried too. */
function keyCandidates(path: string): Uint8Array[] {
  const content = new Uint8Array(readFileSync(path));
  const out = [content];
  const text = Buffer.from(content).toString('latin1');
  for (const line of text.split('\n')) {
    if (line !== '') out.push(new Uint8Array(Buffer.from(line.replace(/\r$/, ''), 'latin1')));
  }
  return out;
}

function parse(argv: string[]): Arguments {
  let words = argv;
  let command = words[0] ?? 'help';
  words = words.slice(1);
  if ((command === 'zpool' || command === 'zfs') && words.length > 0) {
    command = `${command} ${words[0]}`;
    words = words.slice(1);
  }
  const keys: Uint8Array[] = [];
  const devices: string[] = [];
  const rest: string[] = [];
  let txg: number | undefined;
  // Where a command takes words of its own, they come first and a bare -- ends them.
  const own = new Map([
    ['ls', 1],
    ['cat', 1],
    ['cp', 2],
    ['zdb', 0],
    ['zpool create', 1],
    ['zfs create', 1],
    ['zfs snapshot', 1],
    ['put', 2],
  ]).get(command);
  for (let i = 0; i < words.length; i++) {
    if (words[i] === '--key-file') {
      const path = words[++i];
      if (path === undefined) throw new UsageError('--key-file needs a file');
      keys.push(...keyCandidates(path));
    } else if (words[i] === '--txg') {
      txg = Number(words[++i]);
      if (!Number.isSafeInteger(txg)) throw new UsageError('--txg needs a number');
    } else if (words[i].startsWith('--') && words[i] !== '--') {
      throw new UsageError(`unknown option ${words[i]}`);
    } else if (words[i] !== '--') {
      if (own !== undefined && rest.length < own) rest.push(words[i]);
      else devices.push(words[i]);
    }
  }
  return { command, devices, keys, txg, rest };
}

function open(args: Arguments): OpenPool {
  if (args.devices.length === 0) throw new UsageError(`${args.command}: no device was given`);
  return openPool(args.devices, {
    keys: args.keys,
    ...(args.txg === undefined ? {} : { txg: args.txg }),
  });
}

/** Splits `pool/fs@snap:/path`. */
function place(pool: OpenPool, text: string): { fs: ZfsFs; path: string } {
  const at = text.indexOf(':');
  const name = at < 0 ? text : text.slice(0, at);
  const path = at < 0 ? '/' : text.slice(at + 1);
  return { fs: pool.dataset(name).fs, path };
}

function copyOut(fs: ZfsFs, path: string, target: string): void {
  const stat = fs.lstatSync(path);
  if (stat.isDirectory()) {
    mkdirSync(target, { recursive: true });
    for (const name of fs.readdirSync(path)) {
      // A name from an image must not lead out of the target.
      if (name === '' || name === '.' || name === '..' || name.includes('/')) {
        throw new ZfsError('corrupt', `a directory has the name "${name}"`);
      }
      copyOut(fs, `${path}/${name}`, join(target, name));
    }
  } else if (stat.isSymbolicLink()) {
    symlinkSync(fs.readlinkSync(path), target);
  } else if (stat.isFile()) {
    writeFileSync(target, fs.readFileSync(path), { mode: stat.mode & 0o777 });
  }
}

const LAYOUTS: readonly string[] = ['mirror', 'raidz1', 'raidz2', 'raidz3'];

/** Copies a host file or folder into a pool; progress on standard error. */
function copyIn(fs: WritableFs, source: string, target: string): number {
  const stat = lstatSync(source);
  if (stat.isDirectory()) {
    if (target !== '/') fs.mkdirSync(target, stat.mode & 0o777);
    let count = 1;
    for (const name of readdirSync(source)) {
      count += copyIn(fs, join(source, name), `${target === '/' ? '' : target}/${name}`);
    }
    return count;
  }
  if (stat.isSymbolicLink()) fs.symlinkSync(readlinkSync(source), target);
  else if (stat.isFile()) fs.writeFileSync(target, readFileSync(source), stat.mode & 0o777);
  else return 0;
  return 1;
}

function run(argv: string[]): number {
  const args = parse(argv);
  switch (args.command) {
    case 'help':
    case '--help':
    case '-h':
      print(commandHelp());
      return 0;
    case 'manifest': {
      const result = open(args).manifest();
      for (const warning of result.warnings) process.stderr.write(`tessera-zfs: ${warning}\n`);
      print(result.lines.map((line) => `${decodeName(line)}\n`).join(''));
      return 0;
    }
    case 'check': {
      const result = open(args).check();
      for (const problem of result.problems) print(`${problem}\n`);
      print(
        `${result.blocks} blocks, ${result.bytes} bytes read, ${result.allocatedBytes} bytes allocated: ` +
          `${result.problems.length === 0 ? 'all right' : `${result.problems.length} problems`}\n`,
      );
      return result.problems.length === 0 ? 0 : 1;
    }
    case 'zpool status':
      print(describePool(open(args)));
      return 0;
    case 'zfs list':
      print(listDatasets(open(args)));
      return 0;
    case 'zdb':
      print(describeZdb(open(args)));
      return 0;
    case 'ls': {
      const { fs, path } = place(open(args), args.rest[0] ?? '');
      for (const name of fs.readdirSync(path)) {
        const stat = fs.lstatSync(`${path}/${name}`);
        print(
          `${stat.mode.toString(8).padStart(6)} ${String(stat.uid).padStart(5)} ${String(stat.gid).padStart(5)} ` +
            `${String(stat.size).padStart(12)} ${stat.mtime.toISOString()} ${name}\n`,
        );
      }
      return 0;
    }
    case 'cat': {
      const { fs, path } = place(open(args), args.rest[0] ?? '');
      const bytes = fs.readFileSync(path);
      for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
      return 0;
    }
    case 'cp': {
      const { fs, path } = place(open(args), args.rest[0] ?? '');
      copyOut(fs, path, args.rest[1] ?? '.');
      return 0;
    }
    case 'zpool create': {
      let devices = args.devices;
      let layout: Layout = 'single';
      if (LAYOUTS.includes(devices[0])) {
        layout = devices[0] as Layout;
        devices = devices.slice(1);
      }
      createPool(devices, { name: args.rest[0] ?? '', layout }).close();
      return 0;
    }
    case 'zfs create': {
      const pool = openWritablePool(args.devices);
      pool.createFileSystem(args.rest[0] ?? '');
      pool.sync();
      pool.close();
      return 0;
    }
    case 'zfs snapshot': {
      const pool = openWritablePool(args.devices);
      pool.snapshot(args.rest[0] ?? '');
      pool.sync();
      pool.close();
      return 0;
    }
    case 'put': {
      const pool = openWritablePool(args.devices);
      const target = args.rest[1] ?? '';
      const at = target.indexOf(':');
      if (at < 0) throw new UsageError('put: the target is POOL/FS:/PATH');
      const count = copyIn(pool.fs(target.slice(0, at)), args.rest[0], target.slice(at + 1));
      pool.sync();
      pool.close();
      process.stderr.write(`${count} files copied\n`);
      return 0;
    }
    default:
      throw new UsageError(`"${args.command}" is not a command, or one that is not built yet`);
  }
}

try {
  process.exitCode = run(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`tessera-zfs: ${error.message}\n${commandHelp()}`);
    process.exitCode = 2;
  } else if (error instanceof ZfsError || (error as NodeJS.ErrnoException).code !== undefined) {
    process.stderr.write(`tessera-zfs: ${(error as Error).message}\n`);
    process.exitCode = 2;
  } else {
    throw error;
  }
}
