// What users get: the tarballs, their README examples, browser bundles, publint.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, transformSync } from 'esbuild';
import { execute } from './report.mjs';

/** The package and all that it depends on within the repository. */
function closure(packages, name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  const optional = packages[name].kernelOnly ?? [];
  for (const dep of packages[name].imports)
    if (!optional.includes(dep)) closure(packages, dep, seen);
  return seen;
}

export function firstExample(readme) {
  return /^```ts\n([\s\S]*?)^```/m.exec(readme)?.[1];
}

export class Artefacts {
  constructor(packages) {
    this.packages = packages;
    this.folder = mkdtempSync(join(tmpdir(), 'tessera-check-'));
    this.tarballs = new Map();
  }

  dispose() {
    rmSync(this.folder, { recursive: true, force: true });
  }

  async pack(name) {
    const run = await execute('npm', [
      'pack',
      '--json',
      '--ignore-scripts',
      '--pack-destination',
      this.folder,
      '-w',
      `packages/${name}`,
    ]);
    if (run.status !== 0) throw new Error(`npm pack: ${run.output}`);
    const list = JSON.parse(run.output.slice(run.output.search(/^[[{]/m)));
    const [entry] = Array.isArray(list) ? list : Object.values(list);
    const file = join(this.folder, entry.filename.replace('@', '').replace('/', '-'));
    this.tarballs.set(name, file);
    return entry.size;
  }

  /** Installs the tarball, with those of its dependencies, in an empty folder, and runs the README's first example there. */
  async installAndRun(name) {
    const folder = join(this.folder, `use-${name}`);
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'package.json'),
      '{ "name": "stranger", "private": true, "type": "module" }\n',
    );
    const files = [...closure(this.packages, name)].map((dep) => this.tarballs.get(dep));
    const install = await execute(
      'npm',
      ['install', '--no-audit', '--no-fund', '--prefer-offline', '--omit=optional', ...files],
      {
        cwd: folder,
      },
    );
    if (install.status !== 0)
      return { problems: [`npm install of the tarball: ${install.why}`], output: install.output };
    const doors = this.packages[name].doors.filter((door) => door === '.' || door === './node');
    const problems = [];
    for (const door of doors) {
      const load = `import(${JSON.stringify(`@tessera/${name}${door.slice(1)}`)})`;
      const run = await execute('node', ['--input-type=module', '-e', `await ${load}`], {
        cwd: folder,
        timeoutMs: 60_000,
      });
      if (run.status !== 0) problems.push(`door '${door}' does not load: ${run.output}`);
    }
    const readme = resolve('packages', name, 'README.md');
    const example = existsSync(readme) ? firstExample(readFileSync(readme, 'utf8')) : undefined;
    if (problems.length || !example)
      return {
        problems,
        note: problems.length ? '' : 'installs and loads; README has no example yet',
      };
    const { code } = transformSync(example, { loader: 'ts', format: 'esm', target: 'es2022' });
    writeFileSync(join(folder, 'example.mjs'), code);
    const run = await execute('node', ['example.mjs'], { cwd: folder, timeoutMs: 120_000 });
    if (run.status !== 0)
      problems.push(`the README's first example failed: ${run.why}\n${run.output}`);
    return { problems, note: 'installs alone, README example runs' };
  }

  /** Bundles the built `.` door for browsers. A `node:` import, or anything outside the package's own tree, does not resolve. */
  async browserBundle(name) {
    const result = await build({
      entryPoints: [resolve('packages', name, 'dist/index.js')],
      bundle: true,
      minify: true,
      platform: 'browser',
      format: 'esm',
      target: 'es2022',
      write: false,
      logLevel: 'silent',
    }).catch((error) => ({ errors: error.errors ?? [{ text: String(error) }] }));
    if (!result.outputFiles) {
      return { problems: result.errors.map((e) => `${e.location?.file ?? name}: ${e.text}`) };
    }
    return { note: `${result.outputFiles[0].contents.length} bytes minified` };
  }
}
