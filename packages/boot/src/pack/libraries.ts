/**
 * The library closure of a dynamic program, found as ld.so finds it (ld.so(8), without LD_LIBRARY_PATH: nothing of the host's
 * environment reaches the program): DT_RPATH of the loading chain unless DT_RUNPATH is there, DT_RUNPATH, the directories of
 * /etc/ld.so.conf, the defaults. Files of another CPU are passed over, as ld.so does.
 */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { NotRunnableError } from '../errors.js';
import { type ElfFile, type Machine, readElf } from './elf-file.js';

const TRIPLETS: Record<Machine, string> = {
  x86_64: 'x86_64-linux-gnu',
  aarch64: 'aarch64-linux-gnu',
};
/** Far above any real program; a bound for chains of files that name each other. */
const LIBRARIES_MAX = 4096;

export interface LibraryClosure {
  readonly interpreter: string;
  /** Paths under which ld.so will open them, in the order found. */
  readonly libraries: readonly string[];
}

function configuredFolders(file: string, depth = 0): string[] {
  if (depth > 8 || !existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter(Boolean)
    .flatMap((line) => {
      const include = /^include\s+(.+)$/.exec(line)?.[1];
      if (!include) return [line.split('=')[0]];
      const folder = dirname(include);
      const pattern = new RegExp(
        `^${basename(include)
          .replace(/[.+^${}()|[\]\\]/g, '\\$&')
          .replace(/\*/g, '.*')
          .replace(/\?/g, '.')}$`,
      );
      if (!existsSync(folder)) return [];
      return readdirSync(folder)
        .filter((name) => pattern.test(name))
        .sort()
        .flatMap((name) => configuredFolders(join(folder, name), depth + 1));
    });
}

export function libraryFolders(machine: Machine): string[] {
  const triplet = TRIPLETS[machine];
  return [
    ...configuredFolders('/etc/ld.so.conf'),
    `/lib/${triplet}`,
    `/usr/lib/${triplet}`,
    '/lib64',
    '/usr/lib64',
    '/lib',
    '/usr/lib',
  ];
}

function usable(path: string, machine: Machine): ElfFile | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return readElf(path, machine);
  } catch {
    return undefined; // another CPU's library, or no library: ld.so goes on to the next folder
  }
}

/** undefined for a static program. Throws NotRunnableError that names the missing library and who needs it. */
export function libraryClosure(
  program: string,
  machine: Machine = 'x86_64',
  first: ElfFile = readElf(program, machine),
): LibraryClosure | undefined {
  if (first.interpreter === undefined) return undefined;
  if (!existsSync(first.interpreter)) {
    throw new NotRunnableError(
      `${program}: its interpreter ${first.interpreter} is not on this host`,
    );
  }
  const system = libraryFolders(machine);
  const found = new Map<string, string>([[basename(first.interpreter), first.interpreter]]);
  const queue: { path: string; elf: ElfFile; inherited: readonly string[] }[] = [
    { path: program, elf: first, inherited: [] },
  ];
  for (let user = queue.shift(); user; user = queue.shift()) {
    // ld.so takes the program's place from /proc/self/exe, links resolved, and a library's from the path it was found by.
    const origin = dirname(user.path === program ? realpathSync(program) : user.path);
    const expand = (list: readonly string[]): string[] =>
      list.map((folder) =>
        folder
          .replace(/\$(ORIGIN|\{ORIGIN\})/g, origin)
          .replace(/\$(LIB|\{LIB\})/g, `lib/${TRIPLETS[machine]}`),
      );
    const rpath = user.elf.runpath.length ? [] : [...expand(user.elf.rpath), ...user.inherited];
    for (const name of user.elf.needed) {
      if (found.has(name)) continue;
      const candidates = name.includes('/')
        ? [name]
        : [...rpath, ...expand(user.elf.runpath), ...system].map((folder) => join(folder, name));
      const hit = candidates
        .map((path) => ({ path, elf: usable(path, machine) }))
        .find((c) => c.elf !== undefined);
      if (!hit?.elf)
        throw new NotRunnableError(
          `${user.path} needs the library ${name}, which is not on this host`,
        );
      found.set(name, hit.path);
      if (found.size > LIBRARIES_MAX)
        throw new NotRunnableError(`${program}: more than ${LIBRARIES_MAX} libraries`);
      queue.push({ path: hit.path, elf: hit.elf, inherited: rpath });
    }
  }
  found.delete(basename(first.interpreter));
  return { interpreter: first.interpreter, libraries: [...found.values()] };
}
