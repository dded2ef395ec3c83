/**
 * What a language runtime opens besides its libraries: its own tree of modules. The table says, per runtime, which folders
 * of the host belong to it; libraries inside them bring their own closure.
 */
import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Machine, readElf } from './elf-file.js';
import { libraryClosure } from './libraries.js';
import type { RootTree } from './root-tree.js';

/** Folders (or files) of the runtime whose real path is given; only those that exist are packed. */
type Folders = (real: string) => readonly string[];

const TRIPLETS: Record<Machine, string> = {
  x86_64: 'x86_64-linux-gnu',
  aarch64: 'aarch64-linux-gnu',
};

function matching(folder: string, pattern: RegExp): string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => pattern.test(name))
        .map((name) => join(folder, name))
    : [];
}

function runtimes(machine: Machine): readonly [RegExp, Folders][] {
  const library = `/usr/lib/${TRIPLETS[machine]}`;
  return [
    [
      /^python3(\.\d+)?$/,
      (real) => [
        `/usr/lib/${basename(real)}`,
        '/usr/lib/python3',
        `/etc/${basename(real)}`,
        '/usr/local/lib/python3',
      ],
    ],
    [
      /^perl[\d.]*$/,
      () => [
        ...matching(library, /^perl(-base|5)?$/),
        ...matching(library, /^perl$/),
        ...matching('/usr/share', /^perl5?$/),
        '/etc/perl',
      ],
    ],
    [
      /^ruby[\d.]*$/,
      () => [
        '/usr/lib/ruby',
        `${library}/ruby`,
        '/var/lib/gems',
        '/usr/share/rubygems-integration',
      ],
    ],
    [/^lua[\d.]*$/, () => ['/usr/share/lua', `${library}/lua`]],
    [/^node(js)?$/, () => ['/usr/share/nodejs', '/usr/lib/nodejs']],
    [
      /^java$/,
      (real) => [
        dirname(dirname(real)),
        ...matching('/etc', /^java-\d+-openjdk$/),
        '/etc/ssl/certs/java',
      ],
    ],
  ];
}

/** Folders of the runtime that a program is; empty for any other program. */
export function runtimeFolders(program: string, machine: Machine): string[] {
  const real = realpathSync(program);
  const entry = runtimes(machine).find(([pattern]) => pattern.test(basename(real)));
  return entry ? [...new Set(entry[1](real))].filter((folder) => existsSync(folder)) : [];
}

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

/**
 * Adds a folder at the same path, with what its contents need: targets of links that lead out of it, and the closure of the
 * libraries in it. A library that lacks one of its own is left as it is: the runtime may never load it. Returns such ones.
 */
export function addRuntimeFolder(tree: RootTree, folder: string, machine: Machine): string[] {
  const incomplete: string[] = [];
  const real = tree.addSamePath(folder);
  tree.addTree(real, real);
  for (const file of filesIn(real)) {
    if (lstatSync(file).isSymbolicLink()) {
      const target = resolve(dirname(file), readlinkSync(file));
      if (!target.startsWith(`${real}/`) && existsSync(target) && !statSync(target).isDirectory())
        tree.addSamePath(target);
      continue;
    }
    if (!/\.so(\.[\d.]+)?$/.test(file)) continue;
    try {
      const elf = readElf(file, machine);
      // A library names no interpreter; the closure is that of a program that loads it.
      const closure = libraryClosure(file, machine, {
        ...elf,
        interpreter: elf.interpreter ?? loader(machine),
      });
      for (const path of closure?.libraries ?? []) tree.addSamePath(path);
    } catch {
      incomplete.push(file);
    }
  }
  return incomplete;
}

function loader(machine: Machine): string {
  return machine === 'x86_64' ? '/lib64/ld-linux-x86-64.so.2' : '/lib/ld-linux-aarch64.so.1';
}
