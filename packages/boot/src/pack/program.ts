/** From a command line to the tree of files that the image carries: program, libraries, interpreter, arguments, additions. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { NotFoundError, NotRunnableError, TesseraError } from '../errors.js';
import { isElf, type Machine, readElf } from './elf-file.js';
import { addRuntimeFolder, runtimeFolders } from './languages.js';
import { libraryClosure } from './libraries.js';
import { RootTree } from './root-tree.js';

/** `#!` may name another script; Linux stops at about as many. */
const SCRIPT_DEPTH_MAX = 4;

export interface Addition {
  readonly host: string;
  readonly guest: string;
}

export interface PackRequest {
  /** As typed: a path, or a name to be found on PATH. */
  readonly program: string;
  readonly arguments: readonly string[];
  readonly additions: readonly Addition[];
  /** A folder that becomes the root; the program is then looked up inside it first. */
  readonly rootfs?: string | undefined;
  readonly workingDirectory: string;
  readonly searchPath: string;
  readonly machine: Machine;
}

export interface ProgramTree {
  readonly tree: RootTree;
  /** Path of the program in the image. */
  readonly program: string;
  readonly workingDirectory: string;
  readonly dynamic: boolean;
  readonly libraries: readonly string[];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Finds a program as a shell would. Throws NotFoundError or, for a file without permission, NotRunnableError. */
export function findProgram(program: string, searchPath: string, workingDirectory: string): string {
  const named = program.includes('/');
  const candidates = named
    ? [resolve(workingDirectory, program)]
    : searchPath
        .split(':')
        .map((folder) => join(resolve(workingDirectory, folder || '.'), program));
  let forbidden: string | undefined;
  for (const path of candidates) {
    if (!existsSync(path)) continue;
    if (!isFile(path)) {
      if (named) throw new NotRunnableError(`${program}: is a folder, not a program`);
      continue;
    }
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      forbidden ??= path;
    }
  }
  if (forbidden)
    throw new NotRunnableError(`${forbidden}: permission denied (it is not executable)`);
  throw new NotFoundError(named ? `${program}: no such file` : `${program}: command not found`);
}

/** The interpreter of a `#!` line. */
function scriptInterpreter(path: string, bytes: Buffer): string {
  const line = bytes.toString('latin1', 0, Math.min(bytes.length, 256)).split('\n')[0];
  const interpreter = /^#!\s*(\S+)/.exec(line)?.[1];
  if (!interpreter)
    throw new NotRunnableError(
      `${path}: not an executable (a text or data file without a #! line)`,
    );
  if (!isAbsolute(interpreter) || !existsSync(interpreter)) {
    throw new NotRunnableError(`${path}: its interpreter ${interpreter} is not on this host`);
  }
  return interpreter;
}

/** glibc opens libgcc_s itself when a thread is cancelled or unwinds; no file names it. */
function addDlopened(tree: RootTree, libraries: readonly string[]): void {
  const libc = libraries.find((path) => basename(path) === 'libc.so.6');
  const unwinder = libc === undefined ? '' : join(dirname(libc), 'libgcc_s.so.1');
  if (unwinder !== '' && existsSync(unwinder)) tree.addSamePath(unwinder);
}

function addExecutable(
  tree: RootTree,
  path: string,
  machine: Machine,
  depth = 0,
): { dynamic: boolean; libraries: readonly string[] } {
  if (depth > SCRIPT_DEPTH_MAX)
    throw new NotRunnableError(`${path}: scripts that interpret each other too deeply`);
  const real = tree.addSamePath(path);
  const bytes = readFileSync(real);
  if (bytes.length === 0) throw new NotRunnableError(`${path}: an empty file`);
  if (!isElf(bytes)) {
    const interpreter = scriptInterpreter(path, bytes);
    const result = addExecutable(tree, interpreter, machine, depth + 1);
    // `#!/usr/bin/env NAME` needs NAME as well.
    const named =
      basename(interpreter) === 'env'
        ? /^#!\s*\S+\s+(\S+)/.exec(bytes.toString('latin1', 0, 256))?.[1]
        : undefined;
    if (named && !named.startsWith('-')) {
      const found = findProgram(named, '/usr/local/bin:/usr/bin:/bin', '/');
      return addExecutable(tree, found, machine, depth + 1);
    }
    return result;
  }
  for (const folder of runtimeFolders(path, machine)) {
    tree.skipped.push(
      ...addRuntimeFolder(tree, folder, machine).map(
        (file) => `${file} (a library that it needs is missing)`,
      ),
    );
  }
  const closure = libraryClosure(path, machine, readElf(path, machine, bytes));
  if (!closure) return { dynamic: false, libraries: [] };
  tree.addSamePath(closure.interpreter);
  for (const library of closure.libraries) tree.addSamePath(library);
  addDlopened(tree, closure.libraries);
  return { dynamic: true, libraries: [closure.interpreter, ...closure.libraries] };
}

/** What every image has: mount points, a place to write, and who root is. */
function addBase(tree: RootTree): void {
  for (const path of ['/dev', '/proc', '/sys', '/etc', '/run', '/var', '/root']) {
    if (!tree.entries.has(path)) tree.directory(path, path === '/root' ? 0o700 : 0o755);
  }
  for (const path of ['/tmp', '/var/tmp'])
    if (!tree.entries.has(path)) tree.directory(path, 0o1777);
  if (!tree.entries.has('/etc/passwd'))
    tree.text(
      '/etc/passwd',
      'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
    );
  if (!tree.entries.has('/etc/group')) tree.text('/etc/group', 'root:x:0:\nnogroup:x:65534:\n');
}

function insideRootfs(rootfs: string, request: PackRequest): string | undefined {
  const names = request.program.includes('/')
    ? [request.program]
    : request.searchPath.split(':').map((folder) => join(folder || '/', request.program));
  return names.find((name) => isFile(join(rootfs, name)));
}

/** Gathers all that the program needs. Throws NotFoundError (127), NotRunnableError (126) or TesseraError (125). */
export function gatherProgram(request: PackRequest): ProgramTree {
  const tree = new RootTree();
  if (request.rootfs !== undefined) {
    if (!statSync(request.rootfs, { throwIfNoEntry: false })?.isDirectory()) {
      throw new TesseraError(`--rootfs ${request.rootfs}: no such folder`);
    }
    tree.addTree(request.rootfs, '/');
  }
  const inside = request.rootfs === undefined ? undefined : insideRootfs(request.rootfs, request);
  const program =
    inside ?? findProgram(request.program, request.searchPath, request.workingDirectory);
  // In a root of the user's own, libraries are the root's own affair; only the program itself is judged.
  const executable =
    inside !== undefined && request.rootfs !== undefined
      ? {
          dynamic: readElf(join(request.rootfs, inside), request.machine).interpreter !== undefined,
          libraries: [],
        }
      : addExecutable(tree, program, request.machine);
  for (const argument of request.arguments) {
    const path = resolve(request.workingDirectory, argument);
    if (argument !== '' && isFile(path) && !/^\/(proc|sys|dev)\//.test(path))
      tree.addSamePath(path);
  }
  for (const addition of request.additions) tree.addTree(addition.host, addition.guest);
  if (!tree.entries.has(request.workingDirectory) && request.workingDirectory !== '/') {
    const parts = request.workingDirectory.split('/').filter(Boolean);
    parts.forEach((_, index) => {
      const path = `/${parts.slice(0, index + 1).join('/')}`;
      if (!tree.entries.has(path)) tree.directory(path);
    });
  }
  addBase(tree);
  return { tree, program, workingDirectory: request.workingDirectory, ...executable };
}
