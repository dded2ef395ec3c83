/**
 * From a composition to a kernel file, once: the cache is keyed by everything that can change the bytes (the generated entry,
 * every source of the packages it reaches, the compiler and its native files, clang's version and flags, the profile).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CompositionError, TesseraError } from '../errors.js';
import { findOnPath } from '../run/qemu.js';
import { generateEntry } from './entry.js';
import type { Composition } from './resolve.js';

export type Profile = 'dev' | 'release';

/** What turns the entry module into object files; `@tessera/aot`, or a test's. */
export interface KernelCompiler {
  /** Changes whenever its output may. */
  readonly version: string;
  /** Compiles `entry` and all it imports into `folder`; returns the object files to link. Throws with the diagnostics. */
  compile(entry: string, folder: string, profile: Profile): Promise<readonly string[]>;
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

/** The newest clang that is installed: clang-NN before plain clang. */
export function findClang(path: string = process.env['PATH'] ?? ''): string | undefined {
  for (let version = 30; version >= 14; version--) {
    const found = findOnPath(`clang-${version}`, path);
    if (found) return found;
  }
  return findOnPath('clang', path);
}

export function run(file: string, args: readonly string[], cwd?: string): string {
  const result = spawnSync(file, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...(cwd ? { cwd } : {}),
  });
  if (result.status !== 0) {
    throw new TesseraError(
      `${file} failed:\n${result.error ?? ''}${result.stderr}${result.stdout}`,
    );
  }
  return result.stdout;
}

function tool(name: string, cure: string): string {
  const found = name === 'clang' ? findClang() : findOnPath(name);
  if (!found) throw new TesseraError(`${name} is not installed; an own kernel needs it`, cure);
  return found;
}

const KERNEL_ASSEMBLY = ['boot.S', 'cpu.S', 'traps.S'];

/** Assembles machine's stubs and links the kernel. */
function link(objects: readonly string[], folder: string, output: string): void {
  const clang = tool('clang', 'apt-get install -y --no-install-recommends clang');
  const lld = tool('ld.lld', 'apt-get install -y --no-install-recommends lld');
  const native = join(packageFolder('@tessera/machine'), 'native');
  const stubs = KERNEL_ASSEMBLY.filter((name) => existsSync(join(native, name))).map((name) => {
    const object = join(folder, `${name}.o`);
    run(clang, [
      '-c',
      '-ffreestanding',
      '-mno-red-zone',
      '-fno-pic',
      '-I',
      native,
      join(native, name),
      '-o',
      object,
    ]);
    return object;
  });
  run(lld, [
    ...[
      '-m',
      'elf_x86_64',
      '-static',
      '--no-dynamic-linker',
      '-z',
      'max-page-size=4096',
      '--gc-sections',
      '--build-id=none',
    ],
    ...['-T', join(native, 'kernel.ld'), '-o', output, ...stubs, ...objects],
  ]);
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
    const objects = await compiler.compile(file, work, profile);
    link(objects, work, join(work, 'kernel.elf'));
    rmSync(home, { recursive: true, force: true });
    renameSync(work, home);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw error;
  }
  return { path, key, bytes: readFileSync(path).length, cached: false, seconds: seconds() };
}
