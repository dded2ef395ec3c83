/**
 * Runs small programs natively and in Node and compares what they print. All programs of a batch are compiled as one: a
 * generated entry imports a marker and the program in turn, so that one clang run serves them all.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { CompileError, compile, type Diagnostic } from '../src/index.js';

export interface BatchResult {
  readonly expected: Map<string, string>;
  readonly actual: Map<string, string>;
  readonly refused: Map<string, Diagnostic[]>;
  readonly error: string;
}

function sections(text: string): Map<string, string> {
  const result = new Map<string, string>();
  let name = '';
  for (const line of text.split('\n')) {
    const match = /^=== (.*)$/.exec(line);
    if (match) {
      name = match[1]!;
      result.set(name, '');
    } else if (name !== '') result.set(name, `${result.get(name)!}${line}\n`);
  }
  for (const [key, value] of result) result.set(key, value.trimEnd());
  return result;
}

/** Programs by name -> file. */
export async function runBatch(
  programs: ReadonlyMap<string, string>,
  profile: 'dev' | 'release',
): Promise<BatchResult> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-conformance-'));
  const refused = new Map<string, Diagnostic[]>();
  const write = (names: Iterable<string>): string => {
    let entry = '';
    for (const name of names) {
      const marker = path.join(folder, `marker-${name}.ts`);
      fs.writeFileSync(marker, `console.log('=== ${name}');\nexport {};\n`);
      entry += `import './marker-${name}.js';\nimport '${programs.get(name)!.replace(/\.ts$/, '.js')}';\n`;
    }
    const file = path.join(folder, 'entry.ts');
    fs.writeFileSync(file, entry);
    return file;
  };
  try {
    const node = spawnSync(
      process.execPath,
      ['--conditions=@tessera/source', '--import', 'tsx', write(programs.keys())],
      {
        encoding: 'utf8',
        maxBuffer: 1 << 26,
        cwd: path.dirname(import.meta.dirname),
        env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1' },
      },
    );
    const expected = sections(node.stdout);
    let error = node.status === 0 ? '' : `node: ${node.stderr.slice(-500)}`;
    const actual = new Map<string, string>();
    const done = new Set<string>();
    for (let attempt = 0; attempt < 12; attempt++) {
      const names = [...programs.keys()].filter((name) => !refused.has(name) && !done.has(name));
      try {
        const result = await compile({
          entry: write(names),
          target: 'process',
          outDir: folder,
          profile,
          skipTypeCheck: true,
        });
        const native = spawnSync(result.elf, [], {
          encoding: 'utf8',
          maxBuffer: 1 << 26,
          timeout: 60_000,
        });
        const ran = [...sections(native.stdout)];
        for (const [name, text] of ran) actual.set(name, text);
        if (native.status === 0) return { expected, actual, refused, error };
        // One program ended the process: note it, go on with those after it.
        const last = ran.at(-1)?.[0] ?? '';
        error += `${last}: status ${native.status} ${native.signal ?? ''} ${native.stderr.trim().slice(-300)}\n`;
        if (last === '') return { expected, actual, refused, error };
        for (const [name] of ran) done.add(name);
        if (done.size + refused.size >= programs.size) return { expected, actual, refused, error };
      } catch (failure) {
        if (!(failure instanceof CompileError)) throw failure;
        let progress = false;
        for (const diagnostic of failure.diagnostics) {
          const name = [...programs].find(([, file]) => file === diagnostic.file)?.[0];
          if (name === undefined) continue;
          progress = true;
          refused.set(name, [...(refused.get(name) ?? []), diagnostic]);
        }
        if (!progress) return { expected, actual, refused, error: failure.message.slice(0, 3000) };
      }
    }
    return { expected, actual, refused, error: `${error}too many attempts` };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** All programs of a folder. */
export function programsIn(folder: string): Map<string, string> {
  const result = new Map<string, string>();
  for (const name of fs.readdirSync(folder).sort()) {
    if (name.endsWith('.ts')) result.set(name.slice(0, -3), path.join(folder, name));
  }
  return result;
}
