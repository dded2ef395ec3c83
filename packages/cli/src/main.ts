/** The command line: parses, dispatches, and turns every outcome into an exit status. */
import { readFileSync } from 'node:fs';
import { NotBuiltYetError, TesseraError } from '@tessera/boot';
import { Command, CommanderError } from 'commander';
import { buildCommand } from './build.js';
import { doctorCommand } from './doctor.js';
import { addMachineOptions, readMachineOptions } from './options.js';
import { runCommand, say } from './run.js';

/** Tessera's own failure, as env(1) and docker use it. */
const OWN_FAILURE = 125;

function version(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}

function makeProgram(finish: (status: number) => void): Command {
  const program = new Command('tessera')
    .description(
      'Runs one Linux program in a virtual machine of its own, on a kernel written in TypeScript.',
    )
    .version(version())
    .enablePositionalOptions()
    .exitOverride();
  addMachineOptions(program.command('run'))
    .description('run a program: tessera run [options] -- PROGRAM [ARG...]')
    .argument('[program...]')
    .passThroughOptions()
    .action(async (words: string[], given: Record<string, unknown>) => {
      finish(await runCommand(readMachineOptions(given, process.env), words));
    });
  addMachineOptions(program.command('build'))
    .description('write an image: tessera build [options] -o IMAGE -- PROGRAM [ARG...]')
    .option('-o, --output <image>', 'where to write it')
    .option('--format <format>', 'disk format')
    .option('-f, --file <yaml>', 'describe the image in a file')
    .argument('[program...]')
    .passThroughOptions()
    .action(async (words: string[], given: Record<string, unknown>) => {
      if (given['file'] !== undefined) throw new NotBuiltYetError('build -f');
      if (given['format'] !== undefined) throw new NotBuiltYetError('--format');
      if (given['output'] === undefined) throw new TesseraError('tessera build needs -o IMAGE');
      finish(
        await buildCommand(readMachineOptions(given, process.env), String(given['output']), words),
      );
    });
  program
    .command('doctor')
    .description('what a run needs, what is missing, and its cure')
    .action(() => finish(doctorCommand()));
  return program;
}

/** Runs a command line (without `node` and the script). Resolves to the exit status; never rejects. */
export async function main(words: readonly string[]): Promise<number> {
  let status = OWN_FAILURE;
  try {
    await makeProgram((value) => {
      status = value;
    }).parseAsync(words, { from: 'user' });
  } catch (error) {
    // Help and version are printed already and no failure; so are commander's own messages.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : OWN_FAILURE;
    if (error instanceof TesseraError) {
      say(error.message);
      if (error.cure) say(`cure: ${error.cure}`);
      return error.exitStatus;
    }
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return OWN_FAILURE;
  }
  return status;
}
