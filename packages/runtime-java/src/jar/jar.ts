import { readFileSync } from 'node:fs';
import { strFromU8, unzipSync } from 'fflate';
import { JavaImageError } from '../errors.js';
import { type ManifestAttributes, parseManifest } from './manifest.js';

/** What the image maker needs to know of a jar. */
export interface Jar {
  readonly path: string;
  readonly sizeBytes: number;
  readonly manifest: ManifestAttributes;
  /** Entry names in archive order. */
  readonly entries: readonly string[];
  /** The class that `java -jar` starts. */
  readonly mainClass: string | undefined;
  /** Versioned classes in META-INF/versions are in force (JEP 238). */
  readonly multiRelease: boolean;
  /** Spring Boot keeps whole jars in BOOT-INF/lib and classes in BOOT-INF/classes. */
  readonly layout: 'plain' | 'spring-boot';
  /** Jars inside this one, in archive order. */
  readonly nestedJars: readonly string[];
  /** Native libraries inside (`.so`): a loader unpacks them to a temporary file at run time. */
  readonly nativeLibraries: readonly string[];
  /** Launcher-Agent-Class or Premain-Class. */
  readonly agentClass: string | undefined;
}

const MANIFEST = 'META-INF/MANIFEST.MF';

/** Reads a jar's table of contents and manifest; throws `bad-jar` when it is not a readable zip archive. */
export function readJar(path: string): Jar {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new JavaImageError('bad-jar', `${path}: ${(cause as Error).message}`);
  }
  const entries: string[] = [];
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: (file) => {
        entries.push(file.name);
        return file.name.toUpperCase() === MANIFEST;
      },
    });
  } catch (cause) {
    throw new JavaImageError('bad-jar', `${path} is not a jar: ${(cause as Error).message}`);
  }
  const manifestBytes = Object.values(files)[0];
  const manifest = parseManifest(manifestBytes === undefined ? '' : strFromU8(manifestBytes));
  const springBoot = manifest.has('spring-boot-version') || manifest.has('spring-boot-classes');
  return {
    path,
    sizeBytes: bytes.length,
    manifest,
    entries,
    mainClass: manifest.get('main-class'),
    multiRelease: manifest.get('multi-release')?.trim().toLowerCase() === 'true',
    layout: springBoot ? 'spring-boot' : 'plain',
    nestedJars: entries.filter((name) => name.endsWith('.jar')),
    nativeLibraries: entries.filter((name) => name.endsWith('.so')),
    agentClass: manifest.get('launcher-agent-class') ?? manifest.get('premain-class'),
  };
}

/** The contents of some entries, for the jars inside a jar. */
export function extractEntries(
  jar: Jar,
  names: readonly string[],
): ReadonlyMap<string, Uint8Array> {
  const wanted = new Set(names);
  const files = unzipSync(readFileSync(jar.path), { filter: (file) => wanted.has(file.name) });
  return new Map(Object.entries(files));
}
