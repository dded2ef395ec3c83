/** One compilation: program -> world -> C units -> objects -> ELF. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as os from 'node:os';
import * as path from 'node:path';
import * as ts from 'typescript';
import { CompileError, type Diagnostic, Refusal } from './diagnostics/error.js';
import { Emitter, type Unit } from './emit/emitter.js';
import { docTag, openProgram, packageRoot } from './frontend/program.js';
import { hasEffects } from './lower/expressions.js';
import { lowerFunction } from './lower/functions.js';
import type { FunctionInstance } from './model.js';
import { emptyEnvironment } from './types.js';
import { World } from './world.js';

export interface CompileOptions {
  /** The entry module. */
  readonly entry: string;
  readonly target: 'process' | 'freestanding';
  /** Where C files, objects and the ELF go. */
  readonly outDir: string;
  /** dev: -O1, quick; release: -O2. */
  readonly profile?: 'dev' | 'release';
  /** Further C and assembly files to build and link. */
  readonly extraNative?: readonly string[];
  /** Folders for their #include. */
  readonly includeDirs?: readonly string[];
  readonly linkerScript?: string;
  /** Name of the ELF in outDir. */
  readonly output?: string;
  /** Skip TypeScript's own checks (the caller ran tsc). */
  readonly skipTypeCheck?: boolean;
  /** Compiled objects are kept here, by content. */
  readonly cacheDir?: string;
  readonly verbose?: (line: string) => void;
}

export interface CompileResult {
  readonly elf: string;
  readonly objects: readonly string[];
  readonly cFiles: readonly string[];
  readonly compiled: number;
  readonly cached: number;
}

export interface Toolchain {
  readonly clang: string;
  readonly version: string;
  readonly lld: string;
}

let toolchain: Toolchain | undefined;

/** The newest clang on PATH, and its linker. */
export function findToolchain(): Toolchain {
  if (toolchain) return toolchain;
  const names = ['clang', ...Array.from({ length: 12 }, (_, i) => `clang-${25 - i}`)];
  let best: { name: string; major: number; version: string } | undefined;
  for (const name of names) {
    const run = spawnSync(name, ['--version'], { encoding: 'utf8' });
    const match = /clang version (\d+)[^\n]*/.exec(run.stdout ?? '');
    if (match && (!best || Number(match[1]) > best.major))
      best = { name, major: Number(match[1]), version: match[0] };
  }
  if (!best)
    throw new CompileError([
      new Refusal('toolFailed', undefined, 'clang is not on PATH').diagnostic,
    ]);
  const linkers = [`ld.lld-${best.major}`, 'ld.lld', 'lld'];
  const lld = linkers.find((name) => spawnSync(name, ['--version']).status === 0);
  if (!lld)
    throw new CompileError([
      new Refusal('toolFailed', undefined, 'ld.lld is not on PATH').diagnostic,
    ]);
  toolchain = { clang: best.name, version: best.version, lld };
  return toolchain;
}

/** The C units of a program; throws CompileError with every refusal. */
export function compileToC(options: CompileOptions): Unit[] {
  const front = openProgram(options.entry, options.skipTypeCheck ?? false, options.target);
  const world = new World(front, { freestanding: options.target === 'freestanding' });
  world.lowerFunction = (instance: FunctionInstance) => lowerFunction(world, instance);
  let main: FunctionInstance | undefined;
  world.guarded(() => {
    world.openModules(front.runtime);
    world.openModules(front.entry);
    for (const name of [
      'allocate',
      'arrayGrow',
      'stringEquals',
      'panic',
      'runtimeStart',
      'runtimeExit',
      'runtimeUncaught',
      'writeBarrier',
    ]) {
      world.functionInstance(world.runtimeFunction(name, undefined), emptyEnvironment, undefined);
    }
    for (const module of world.moduleOrder) {
      const pure = module.file !== front.entry && isPure(module.file.fileName);
      for (const statement of module.file.statements) {
        if (
          ts.isFunctionDeclaration(statement) &&
          statement.body &&
          (options.target === 'freestanding' || module.file === front.entry) &&
          docTag(statement, 'entry') !== undefined
        ) {
          world.functionInstance(statement, emptyEnvironment, undefined);
        } else if (ts.isVariableStatement(statement)) {
          if (
            pure ||
            ts.getCombinedModifierFlags(statement as unknown as ts.Declaration) &
              ts.ModifierFlags.Ambient
          )
            continue;
          for (const declaration of statement.declarationList.declarations) {
            if (declaration.initializer && hasEffects(declaration.initializer))
              world.requestInitialiser(declaration);
          }
        } else if (!isDeclaration(statement)) world.requestStatement(module, statement);
      }
    }
    const mainDeclaration = front.entry.statements.find(
      (s): s is ts.FunctionDeclaration =>
        ts.isFunctionDeclaration(s) &&
        s.name?.text === 'main' &&
        (ts.getCombinedModifierFlags(s) & ts.ModifierFlags.Export) !== 0,
    );
    if (mainDeclaration)
      main = world.functionInstance(mainDeclaration, emptyEnvironment, undefined);
  });
  world.drain();
  if (world.diagnostics.length > 0) throw new CompileError(dedupe(world.diagnostics));
  return new Emitter(world).emit({ main });
}

function dedupe(list: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const d of list) seen.set(`${d.file}:${d.line}:${d.column}:${d.code}:${d.message}`, d);
  return [...seen.values()];
}

function isDeclaration(statement: ts.Statement): boolean {
  return (
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEnumDeclaration(statement) ||
    ts.isImportDeclaration(statement) ||
    ts.isExportDeclaration(statement) ||
    ts.isModuleDeclaration(statement) ||
    ts.isExportAssignment(statement) ||
    ts.isEmptyStatement(statement)
  );
}

const purity = new Map<string, boolean>();

/** Packages that say `"sideEffects": false`: their unmentioned variables are not initialised. */
function isPure(file: string): boolean {
  const folder = path.dirname(file);
  let known = purity.get(folder);
  if (known !== undefined) return known;
  const manifest = path.join(folder, 'package.json');
  if (fs.existsSync(manifest))
    known =
      (JSON.parse(fs.readFileSync(manifest, 'utf8')) as { sideEffects?: unknown }).sideEffects ===
      false;
  else known = folder !== path.dirname(folder) && isPure(folder);
  purity.set(folder, known);
  return known;
}

const commonFlags = [
  '-std=gnu11',
  '-ffreestanding',
  '-fno-strict-aliasing',
  '-fwrapv',
  '-fno-delete-null-pointer-checks',
  '-fno-pic',
  '-fno-pie',
  '-fno-stack-protector',
  '-fno-omit-frame-pointer',
  '-fno-asynchronous-unwind-tables',
  '-ffunction-sections',
  '-g1',
  '-Wno-everything',
  '-Werror=implicit-function-declaration',
  '-Werror=int-conversion',
];

function machineNative(): string {
  const require = createRequire(import.meta.url);
  return path.join(path.dirname(require.resolve('@tessera/machine/package.json')), 'native');
}

interface Job {
  readonly source: string;
  readonly text: string;
  readonly flags: readonly string[];
  object: string;
}

/** Compiles and links. */
export async function compile(options: CompileOptions): Promise<CompileResult> {
  const tools = findToolchain();
  const units = compileToC(options);
  fs.mkdirSync(options.outDir, { recursive: true });
  const cacheDir = options.cacheDir ?? path.join(os.homedir(), '.cache', 'tessera', 'aot');
  fs.mkdirSync(cacheDir, { recursive: true });
  const native = path.join(packageRoot(), 'native');
  const freestanding = options.target === 'freestanding';
  const release = options.profile === 'release';
  const level = release ? '-O2' : '-O1';
  // Release builds inline across modules: the linker optimises the whole program.
  const wholeProgram = release && !freestanding ? ['-flto'] : [];
  const headers = ['prelude.h', 'intrinsics.h']
    .map((name) => fs.readFileSync(path.join(native, name), 'utf8'))
    .join('');
  const kernel = ['-mno-red-zone', '-mgeneral-regs-only', '-DTS_NO_FLOAT'];
  const jobs: Job[] = [];
  const add = (name: string, text: string, float: boolean): void => {
    const source = path.join(options.outDir, `${name}.c`);
    if (!fs.existsSync(source) || fs.readFileSync(source, 'utf8') !== text)
      fs.writeFileSync(source, text);
    const special = freestanding ? (float ? ['-mno-red-zone'] : kernel) : [];
    jobs.push({
      source,
      text: text + headers,
      flags: [...commonFlags, level, ...wholeProgram, ...special, '-I', native],
      object: '',
    });
  };
  for (const unit of units) add(unit.name, unit.text, unit.float);
  add('tessera_core', fs.readFileSync(path.join(native, 'core.c'), 'utf8'), false);
  add('tessera_float', fs.readFileSync(path.join(native, 'float.c'), 'utf8'), true);
  const machine = machineNative();
  const assembly = freestanding
    ? ['boot.S', 'traps.S', 'cpu.S', 'memory.S'].map((name) => path.join(machine, name))
    : [path.join(machine, 'process.S'), path.join(machine, 'memory.S')];
  for (const source of [
    ...assembly.filter((f) => fs.existsSync(f)),
    ...(options.extraNative ?? []),
  ]) {
    const includes = [machine, ...(options.includeDirs ?? [])].flatMap((d) => ['-I', d]);
    const neighbours = fs
      .readdirSync(path.dirname(source))
      .filter((n) => n.endsWith('.h'))
      .map((n) => fs.readFileSync(path.join(path.dirname(source), n), 'utf8'))
      .join('');
    const flags = source.endsWith('.S')
      ? ['-fno-pic', ...includes]
      : [...commonFlags, level, ...(freestanding ? kernel : []), '-I', native, ...includes];
    jobs.push({ source, text: fs.readFileSync(source, 'utf8') + neighbours, flags, object: '' });
  }
  let cached = 0;
  const waiting: Job[] = [];
  for (const job of jobs) {
    const key = createHash('sha256')
      .update(tools.version)
      .update('\0')
      .update(job.flags.filter((f) => !f.startsWith('/')).join(' '))
      .update('\0')
      .update(job.text)
      .digest('hex')
      .slice(0, 40);
    job.object = path.join(cacheDir, `${key}.o`);
    if (fs.existsSync(job.object)) cached++;
    else waiting.push(job);
  }
  const total = waiting.length;
  const worker = async (): Promise<void> => {
    for (;;) {
      const job = waiting.shift();
      if (!job) return;
      options.verbose?.(`clang ${path.basename(job.source)}`);
      const partial = `${job.object}.${process.pid}.${total}.tmp`;
      await run(tools.clang, [...job.flags, '-c', job.source, '-o', partial]);
      fs.renameSync(partial, job.object);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, os.cpus().length) }, worker));
  const elf = path.join(options.outDir, options.output ?? 'program.elf');
  const script =
    options.linkerScript ?? (freestanding ? path.join(machine, 'kernel.ld') : undefined);
  await run(tools.lld, [
    '-static',
    '--gc-sections',
    ...(wholeProgram.length > 0 ? ['--lto-O2'] : []),
    '-z',
    'noexecstack',
    ...(script ? ['-T', script] : ['-e', '_start', '-Ttext=0x401000']),
    '-o',
    elf,
    ...jobs.map((j) => j.object),
  ]);
  return {
    elf,
    objects: jobs.map((j) => j.object),
    cFiles: jobs.map((j) => j.source),
    compiled: total,
    cached,
  };
}

function run(command: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve();
      else
        reject(
          new CompileError([
            new Refusal('toolFailed', undefined, `${command} failed:\n${output.slice(0, 4000)}`)
              .diagnostic,
          ]),
        );
    });
  });
}
