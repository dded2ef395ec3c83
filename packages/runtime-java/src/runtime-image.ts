import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Jdk, runTool } from './jdk.js';
import type { JavaPlan } from './plan.js';

/** One part of an image and its size, for people (`formatReport`) and programs (as JSON). */
export interface ImagePart {
  readonly name: string;
  readonly bytes: number;
}

export interface RuntimeImageOptions {
  /** A folder that does not exist yet, or that an earlier run made. */
  readonly output: string;
  /** Dump the class-data archive of the JDK's default classes (`java -Xshare:dump`). Default true. */
  readonly classDataSharing?: boolean;
}

export interface RuntimeImage {
  readonly home: string;
  readonly modules: readonly string[];
  readonly parts: readonly ImagePart[];
  readonly totalBytes: number;
}

function folderBytes(path: string): number {
  const state = lstatSync(path);
  if (!state.isDirectory()) return state.size;
  let sum = 0;
  for (const name of readdirSync(path)) sum += folderBytes(join(path, name));
  return sum;
}

/** Makes a run-time image of exactly the plan's modules with jlink, stripped and compressed, and measures its parts. */
export function buildRuntimeImage(
  jdk: Jdk,
  plan: JavaPlan,
  options: RuntimeImageOptions,
): RuntimeImage {
  if (existsSync(join(options.output, 'release'))) rmSync(options.output, { recursive: true });
  runTool(jdk, 'jlink', [
    '--add-modules',
    plan.modules.join(','),
    '--strip-debug',
    '--no-header-files',
    '--no-man-pages',
    '--compress=2',
    '--output',
    options.output,
  ]);
  if (options.classDataSharing ?? true) {
    runTool({ home: options.output, release: jdk.release }, 'java', ['-Xshare:dump']);
  }
  const parts: ImagePart[] = [];
  const add = (name: string, path: string): void => {
    if (existsSync(path)) parts.push({ name, bytes: folderBytes(path) });
  };
  const library = join(options.output, 'lib');
  add('virtual machine', join(library, 'server/libjvm.so'));
  add('classes (modules)', join(library, 'modules'));
  add('class-data archive', join(library, 'server/classes.jsa'));
  add(
    'class-data archive without compressed pointers',
    join(library, 'server/classes_nocoops.jsa'),
  );
  const known = parts.reduce((sum, part) => sum + part.bytes, 0);
  const total = folderBytes(options.output);
  parts.push({ name: 'launchers, native libraries, configuration', bytes: total - known });
  for (const jar of plan.jars) parts.push({ name: jar.path, bytes: jar.sizeBytes });
  return {
    home: options.output,
    modules: plan.modules,
    parts,
    totalBytes: parts.reduce((sum, part) => sum + part.bytes, 0),
  };
}

/** The parts as a table, largest first. */
export function formatReport(image: RuntimeImage): string {
  const rows = [...image.parts, { name: 'total', bytes: image.totalBytes }].sort((a, b) =>
    a.name === 'total' ? 1 : b.name === 'total' ? -1 : b.bytes - a.bytes,
  );
  return rows
    .map((row) => `${(row.bytes / 1e6).toFixed(1).padStart(8)} MB  ${row.name}`)
    .join('\n');
}
