import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { JavaImageError } from './errors.js';

/** A JDK on this machine, with jdeps, jlink and the module files that jlink needs. */
export interface Jdk {
  readonly home: string;
  /** Feature release: 17, 21, … */
  readonly release: number;
}

function releaseOf(home: string): number {
  const file = join(home, 'release');
  if (!existsSync(file)) return 0;
  const version = /^JAVA_VERSION="(\d+)/m.exec(readFileSync(file, 'utf8'));
  return version === null ? 0 : Number(version[1]);
}

function usable(home: string): boolean {
  return (
    existsSync(join(home, 'bin/jlink')) &&
    existsSync(join(home, 'bin/jdeps')) &&
    existsSync(join(home, 'jmods/java.base.jmod'))
  );
}

/** JAVA_HOME, then `java` on PATH, then Debian's folders; the first that can make run-time images. */
export function findJdk(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Jdk {
  const candidates: string[] = [];
  if (environment['JAVA_HOME']) candidates.push(environment['JAVA_HOME']);
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    const java = join(folder, 'java');
    if (folder !== '' && existsSync(java)) candidates.push(dirname(dirname(realpathSync(java))));
  }
  const debian = '/usr/lib/jvm';
  if (existsSync(debian)) {
    for (const name of readdirSync(debian).sort()) candidates.push(join(debian, name));
  }
  for (const home of candidates) if (usable(home)) return { home, release: releaseOf(home) };
  throw new JavaImageError(
    'no-jdk',
    'no JDK with jlink, jdeps and jmods found: set JAVA_HOME, or apt-get install openjdk-17-jdk-headless',
  );
}

/** Runs one of the JDK's tools; `tool-failed` carries what it printed. */
export function runTool(jdk: Jdk, tool: string, args: readonly string[]): string {
  const run = spawnSync(join(jdk.home, 'bin', tool), args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
  });
  if (run.status !== 0) {
    const said = `${run.stderr ?? ''}${run.stdout ?? ''}`.trim() || String(run.error ?? run.signal);
    throw new JavaImageError('tool-failed', `${tool} ${args.join(' ')}\n${said}`);
  }
  return run.stdout;
}
