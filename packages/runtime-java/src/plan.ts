import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { JavaImageError } from './errors.js';
import { extractEntries, type Jar, readJar } from './jar/jar.js';
import { type Jdk, runTool } from './jdk.js';

/** What to run: a jar as `java -jar` does, or a class path and a class. */
export type JavaProgram =
  | { readonly jar: string }
  | { readonly classPath: readonly string[]; readonly mainClass: string };

/** What an image must hold; the same input gives the same plan. */
export interface JavaPlan {
  readonly mainClass: string;
  readonly jars: readonly Jar[];
  /** Sorted and closed: every module that one of them requires is in the list. */
  readonly modules: readonly string[];
  /** Native libraries found inside jars, as `jar!entry`. */
  readonly nativeLibraries: readonly string[];
  readonly agents: readonly string[];
}

/** Direct requirements of a JDK module, by `java --describe-module`. */
function requirements(jdk: Jdk, module: string): string[] {
  const text = runTool(jdk, 'java', ['--describe-module', module]);
  const found: string[] = [];
  for (const line of text.split('\n')) {
    const match = /^requires (\S+)(?: .*)?$/.exec(line.trim());
    if (match?.[1] !== undefined && !line.includes(' static')) found.push(match[1]);
  }
  return found;
}

/** The modules and all that they require, sorted. */
export function closeModules(jdk: Jdk, roots: readonly string[]): string[] {
  const closed = new Set<string>();
  const open = [...roots];
  while (open.length > 0) {
    const module = open.pop() as string;
    if (closed.has(module)) continue;
    closed.add(module);
    open.push(...requirements(jdk, module));
  }
  return [...closed].sort();
}

function classPathOf(jar: Jar): string[] {
  const folder = jar.path.slice(0, jar.path.length - basename(jar.path).length);
  return (jar.manifest.get('class-path') ?? '')
    .split(' ')
    .filter((name) => name !== '' && !name.includes('://'))
    .map((name) => join(folder, name));
}

function dependencies(jdk: Jdk, jars: readonly Jar[]): string[] {
  const scratch = mkdtempSync(join(tmpdir(), 'tessera-java-'));
  try {
    const paths: string[] = [];
    for (const jar of jars) {
      paths.push(jar.path);
      // jdeps does not look into jars within jars.
      let number = 0;
      for (const bytes of extractEntries(jar, jar.nestedJars).values()) {
        const path = join(scratch, `nested-${paths.length}-${number++}.jar`);
        writeFileSync(path, bytes);
        paths.push(path);
      }
    }
    const printed = runTool(jdk, 'jdeps', [
      '--print-module-deps',
      '--ignore-missing-deps',
      '--multi-release',
      String(jdk.release),
      '--class-path',
      paths.join(':'),
      ...paths,
    ]);
    return printed
      .trim()
      .split(',')
      .filter((name) => name !== '');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Finds the main class, every jar that belongs to it, and the closed set of modules. */
export function planJava(
  jdk: Jdk,
  program: JavaProgram,
  extraModules: readonly string[] = [],
): JavaPlan {
  const jars: Jar[] = [];
  const seen = new Set<string>();
  const open = 'jar' in program ? [program.jar] : [...program.classPath];
  while (open.length > 0) {
    const path = open.shift() as string;
    if (seen.has(path)) continue;
    seen.add(path);
    const jar = readJar(path);
    jars.push(jar);
    open.push(...classPathOf(jar));
  }
  const mainClass = 'jar' in program ? jars[0]?.mainClass : program.mainClass;
  if (mainClass === undefined) {
    throw new JavaImageError(
      'no-main-class',
      `${'jar' in program ? program.jar : ''} has no Main-Class in its manifest: name the class with a class path`,
    );
  }
  return {
    mainClass,
    jars,
    modules: closeModules(jdk, ['java.base', ...dependencies(jdk, jars), ...extraModules]),
    nativeLibraries: jars.flatMap((jar) =>
      jar.nativeLibraries.map((name) => `${jar.path}!${name}`),
    ),
    agents: jars.flatMap((jar) => (jar.agentClass === undefined ? [] : [jar.agentClass])),
  };
}
