#!/usr/bin/env node
/** tessera-aot input.ts -o prog: a Linux executable from a TypeScript program. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { CompileError } from './diagnostics/error.js';
import { type CompileOptions, compile } from './driver.js';

const usage = `usage: tessera-aot INPUT.ts -o OUTPUT [--target process|freestanding] [--release] [--emit-c DIR] [--no-check] [--verbose]`;

async function main(argv: string[]): Promise<number> {
  let input: string | undefined;
  let output = 'a.out';
  let target: CompileOptions['target'] = 'process';
  let release = false;
  let skipTypeCheck = false;
  let verbose = false;
  let directory: string | undefined;
  const args = [...argv];
  for (let arg = args.shift(); arg !== undefined; arg = args.shift()) {
    if (arg === '-o') output = args.shift() ?? output;
    else if (arg === '--target')
      target = args.shift() === 'freestanding' ? 'freestanding' : 'process';
    else if (arg === '--release') release = true;
    else if (arg === '--no-check') skipTypeCheck = true;
    else if (arg === '--verbose') verbose = true;
    else if (arg === '--emit-c') directory = args.shift();
    else if (arg === '--help' || arg === '-h') {
      process.stdout.write(`${usage}\n`);
      return 0;
    } else if (arg.startsWith('-') || input !== undefined) {
      process.stderr.write(`unknown argument ${arg}\n${usage}\n`);
      return 2;
    } else input = arg;
  }
  if (input === undefined) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const outDir = directory ?? fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-aot-'));
  try {
    const result = await compile({
      entry: input,
      target,
      outDir,
      profile: release ? 'release' : 'dev',
      skipTypeCheck,
      ...(verbose ? { verbose: (line: string) => process.stderr.write(`${line}\n`) } : {}),
    });
    fs.copyFileSync(result.elf, output);
    fs.chmodSync(output, 0o755);
    return 0;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  } finally {
    if (directory === undefined) fs.rmSync(outDir, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
