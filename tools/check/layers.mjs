// The layer check: what each door of each package reaches, against tools/layers.json.
//
// npm links every workspace, so an import that no package declares still resolves; this is what forbids it.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const ORDER = ['L1', 'L2', 'L3', 'L4', 'L5', 'L6', 'L7'];
const doorSource = (door) => (door === '.' ? 'src/index.ts' : `src/${door.slice(2)}/index.ts`);

/** The specifiers that a file imports, types included (they end up in the declarations that users compile). */
function importsOf(file) {
  return ts
    .preProcessFile(readFileSync(file, 'utf8'), true, true)
    .importedFiles.map((entry) => entry.fileName);
}

/** Every file and bare specifier that `entry` reaches through relative imports: Map specifier -> the file that says it. */
function reach(entry, problems) {
  const files = new Set();
  const bare = new Map();
  const queue = [entry];
  for (let file = queue.pop(); file; file = queue.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const specifier of importsOf(file)) {
      if (!specifier.startsWith('.')) {
        if (!bare.has(specifier)) bare.set(specifier, file);
        continue;
      }
      const target = resolve(dirname(file), specifier.replace(/\.js$/, '.ts'));
      if (existsSync(target)) queue.push(target);
      else if (!existsSync(resolve(dirname(file), specifier)))
        problems.push(`${relative('.', file)}: '${specifier}' does not exist`);
    }
  }
  return { files, bare };
}

function checkTable(packages, problems) {
  for (const [name, pkg] of Object.entries(packages)) {
    for (const dep of pkg.imports) {
      const target = packages[dep];
      if (!target) problems.push(`tools/layers.json: ${name} imports ${dep}, which does not exist`);
      else if (ORDER.indexOf(target.layer) > ORDER.indexOf(pkg.layer) && pkg.layer !== 'build')
        problems.push(
          `tools/layers.json: ${name} (${pkg.layer}) imports ${dep} (${target.layer}), which is above it`,
        );
    }
  }
  const state = new Map();
  const visit = (name, path) => {
    if (state.get(name) === 'done') return;
    if (state.get(name) === 'open') {
      problems.push(`tools/layers.json: circular imports ${[...path, name].join(' -> ')}`);
      return;
    }
    state.set(name, 'open');
    for (const dep of packages[name]?.imports ?? []) visit(dep, [...path, name]);
    state.set(name, 'done');
  };
  for (const name of Object.keys(packages)) visit(name, []);
}

/** What one bare import of one door breaks; undefined when it is allowed. */
function judge(packages, name, door, specifier, manifest) {
  const pkg = packages[name];
  const kernel = pkg.kind === 'kernel';
  const internal = /^@tessera\/([a-z0-9-]+)(\/.+)?$/.exec(specifier);
  if (!internal) {
    if (specifier.startsWith('node:')) {
      return kernel && door !== './node'
        ? `door '${door}' of a kernel package imports ${specifier}`
        : undefined;
    }
    if (kernel && (door === '.' || door === './kernel'))
      return `door '${door}' of a kernel package imports ${specifier}`;
    const root = specifier.startsWith('@')
      ? specifier.split('/').slice(0, 2).join('/')
      : specifier.split('/')[0];
    const groups = [
      'dependencies',
      'peerDependencies',
      'optionalDependencies',
      ...(door === './testing' ? ['devDependencies'] : []),
    ];
    return groups.some((group) => manifest[group]?.[root])
      ? undefined
      : `imports ${specifier}, which its package.json does not declare`;
  }
  const [, target, sub] = internal;
  if (target === name) return undefined;
  const other = packages[target];
  if (!other) return `imports ${specifier}, which is no package of this repository`;
  if (!pkg.imports.includes(target))
    return `imports ${specifier}; tools/layers.json does not let ${name} import ${target}`;
  if (!other.doors.includes(sub ? `.${sub}` : '.'))
    return `imports ${specifier}; ${target} has no such door`;
  if (sub === '/testing' && door !== './testing')
    return `door '${door}' imports ${specifier}: fakes are for tests`;
  const service = pkg.layer === 'L4' && door !== './kernel' && door !== './testing';
  if (service && ['L1', 'L2', 'L3'].includes(other.layer))
    return `door '${door}' of a service imports ${specifier} (${other.layer}); only './kernel' may`;
  if ((pkg.kernelOnly ?? []).includes(target) && door !== './kernel')
    return `door '${door}' imports ${specifier}, an optional peer for './kernel' only`;
  return undefined;
}

/** The problems of the named packages (all when none is named), and how many imports were looked at. */
export function checkLayers(only = []) {
  const { packages } = JSON.parse(readFileSync('tools/layers.json', 'utf8'));
  const problems = [];
  let looked = 0;
  checkTable(packages, problems);
  for (const [name, pkg] of Object.entries(packages)) {
    if (only.length && !only.includes(name)) continue;
    const folder = resolve('packages', name);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const script of ['preinstall', 'install', 'postinstall']) {
      if (manifest.scripts?.[script]) problems.push(`${name}: has the install script '${script}'`);
    }
    for (const door of pkg.doors) {
      const entry = join(folder, doorSource(door));
      if (!existsSync(entry)) {
        problems.push(`${name}: door '${door}' has no ${doorSource(door)}`);
        continue;
      }
      const { files, bare } = reach(entry, problems);
      for (const file of files) {
        if (!file.startsWith(join(folder, '/')))
          problems.push(
            `${name}: door '${door}' reaches ${relative('.', file)} outside the package`,
          );
      }
      looked += bare.size;
      for (const [specifier, file] of bare) {
        const why = judge(packages, name, door, specifier, manifest);
        if (why) problems.push(`${relative('.', file)}: ${why}`);
      }
    }
  }
  return { problems: [...new Set(problems)], note: `${looked} imports` };
}
