/**
 * From a composition to a kernel file, once: the cache is keyed by everything that can change the bytes (the generated entry,
 * every source of the packages it reaches, the compiler and its native files, clang's version and flags, the profile).
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CompositionError } from '../errors.js';
import { findOnPath } from '../run/qemu.js';
import { generateEntry } from './entry.js';
import type { Composition } from './resolve.js';

export type Profile = 'dev' | 'release';

/** What turns the entry module into object files; `@tessera/aot`, or a test's. */
export interface KernelCompiler {
  /** Changes whenever its output may. */
  readonly version: string;
  /** Compiles `entry` and all it imports, and links `folder`/kernel.elf. Throws TesseraError with the diagnostics. */
  compile(entry: string, folder: string, profile: Profile): Promise<void>;
}

export interface KernelFile {
  readonly path: string;
  readonly key: string;
  readonly bytes: number;
  /** It was there already. */
  readonly cached: boolean;
  readonly seconds: number;
}

export function cacheFolder(): string {
  const base = process.env['TESSERA_CACHE'];
  if (base) return base;
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tessera');
}

/** Folder of an installed package, found from where this package is. */
export function packageFolder(name: string): string {
  const require = createRequire(import.meta.url);
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    throw new CompositionError(
      `the package ${name} is not installed (or does not export its package.json)`,
    );
  }
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The packages that a composition's modules reach, each with its folder. Throws for one without sources. */
export function reachedPackages(composition: Composition): Map<string, string> {
  const found = new Map<string, string>();
  const queue = composition.subsystems.map((one) => ({
    name: packageOf(one.descriptor.module),
    by: one.descriptor.name,
  }));
  for (let next = queue.shift(); next; next = queue.shift()) {
    if (found.has(next.name)) continue;
    const folder = packageFolder(next.name);
    if (!existsSync(join(folder, 'src'))) {
      throw new CompositionError(
        `${next.by} is made of ${next.name}, which carries no sources (src/) to compile`,
      );
    }
    found.set(next.name, folder);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const dep of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      if (dep.startsWith('@tessera/') && dep !== '@tessera/aot')
        queue.push({ name: dep, by: next.name });
    }
  }
  return found;
}

function sourceFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|c|h|S|ld)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function hashSources(hash: ReturnType<typeof createHash>, folders: Map<string, string>): void {
  for (const [name, folder] of [...folders].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const file of ['src', 'native', 'runtime'].flatMap((sub) =>
      sourceFiles(join(folder, sub)),
    )) {
      hash
        .update(`${name}/${file.slice(folder.length)}\0`)
        .update(readFileSync(file))
        .update('\0');
    }
  }
}

/** One hash over all sources of a package. */
export function sourceHash(name: string, folder: string): string {
  const hash = createHash('sha256');
  hashSources(hash, new Map([[name, folder]]));
  return hash.digest('hex').slice(0, 16);
}

/** The newest clang that is installed: clang-NN before plain clang. */
export function findClang(path: string = process.env['PATH'] ?? ''): string | undefined {
  for (let version = 30; version >= 14; version--) {
    const found = findOnPath(`clang-${version}`, path);
    if (found) return found;
  }
  return findOnPath('clang', path);
}

/** Makes the packages resolvable from the folder of the generated entry, wherever npm put them. */
function linkPackages(folder: string, packages: Map<string, string>): void {
  for (const [name, target] of packages) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(target, link);
  }
}

/** The kernel of a composition: from the cache, or compiled now. */
export async function buildKernel(
  composition: Composition,
  compiler: KernelCompiler,
  profile: Profile,
): Promise<KernelFile> {
  const began = performance.now();
  const entry = generateEntry(composition);
  const packages = reachedPackages(composition);
  packages.set('@tessera/machine', packageFolder('@tessera/machine'));
  const hash = createHash('sha256').update(`${entry}\0${profile}\0${compiler.version}\0`);
  hashSources(hash, packages);
  const key = hash.digest('hex').slice(0, 32);
  const home = join(cacheFolder(), 'kernels', key);
  const path = join(home, 'kernel.elf');
  const seconds = (): number => (performance.now() - began) / 1000;
  if (existsSync(path))
    return { path, key, bytes: readFileSync(path).length, cached: true, seconds: seconds() };
  mkdirSync(dirname(home), { recursive: true });
  // Built aside and renamed: a run that is interrupted, or two at once, never leave half a kernel.
  const work = mkdtempSync(`${home}.`);
  try {
    const file = join(work, 'entry.ts');
    writeFileSync(file, entry);
    writeFileSync(join(work, 'package.json'), '{ "type": "module" }\n');
    linkPackages(work, packages);
    await compiler.compile(file, work, profile);
    rmSync(home, { recursive: true, force: true });
    renameSync(work, home);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw error;
  }
  return { path, key, bytes: readFileSync(path).length, cached: false, seconds: seconds() };
}
