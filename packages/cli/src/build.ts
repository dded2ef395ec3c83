/**
 * `tessera build`: the same as a run, but the files stay. For the direct-boot targets an image is a kernel and a module, so
 * IMAGE is the kernel, IMAGE.module what it boots with, and IMAGE.sh starts the two.
 */
import { chmodSync, copyFileSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { kernelFor, packProgram, qemuArguments, writeModule } from '@tessera/boot';
import type { MachineChoice } from './options.js';
import { describePacked, hostView, imageOf, say } from './run.js';

export async function buildCommand(
  choice: MachineChoice,
  output: string,
  words: readonly string[],
): Promise<number> {
  const image = imageOf(choice, words);
  // An image does not know the terminal of the machine that it is built on.
  const host = {
    ...hostView(choice),
    terminals: { input: false, output: false, error: false },
    rows: 24,
    columns: 80,
  };
  const packed = packProgram(image, host);
  if (choice.dryRun) {
    process.stdout.write(`${describePacked(packed).join('\n')}\n`);
    return 0;
  }
  const kernel = await kernelFor(image);
  const file = resolve(output);
  copyFileSync(kernel.path, file);
  writeModule(`${file}.module`, image, packed, host, choice);
  const args = qemuArguments({
    target: image.target,
    accelerator: choice.accelerator ?? 'tcg',
    memoryBytes: image.memoryBytes,
    cpus: image.cpus,
    kernel: '"$image"',
    module: '"$image.module"',
    extra: choice.qemuArguments,
  });
  writeFileSync(
    `${file}.sh`,
    `#!/bin/sh\n# Starts the image beside this file. The console line carries frames: @tessera/console decodes them.\nimage="\${0%.sh}"\nexec qemu-system-x86_64 ${args.join(' ')} "$@"\n`,
  );
  chmodSync(`${file}.sh`, 0o755);
  const size = (path: string): number => statSync(path).size;
  say(
    `${output}: kernel ${size(file)} bytes, module ${size(`${file}.module`)} bytes; start it with ${output}.sh`,
  );
  return 0;
}
