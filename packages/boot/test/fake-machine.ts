/** Starts a MachineRun around the fake guest, with streams in memory. */
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { MachineRun, type RunOptions } from '../src/index.js';

export const FAKE_GUEST: string = fileURLToPath(new URL('./fake-guest.ts', import.meta.url));

export class Collector extends Writable {
  readonly chunks: Buffer[] = [];
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(Buffer.from(chunk));
    done();
  }
  bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

export interface FakeRun {
  readonly run: MachineRun;
  readonly input: PassThrough;
  readonly output: Collector;
  readonly error: Collector;
  readonly log: string[];
}

export function startFake(behaviour: string, options: Partial<RunOptions> = {}): FakeRun {
  const input = new PassThrough();
  const output = new Collector();
  const error = new Collector();
  const log: string[] = [];
  const run = new MachineRun({
    command: {
      file: '/usr/bin/env',
      arguments: [
        `FAKE_GUEST=${behaviour}`,
        process.execPath,
        '--conditions=@tessera/source',
        '--import',
        import.meta.resolve('tsx'),
        FAKE_GUEST,
      ],
    },
    input,
    output,
    error,
    log: (line) => log.push(line),
    ...options,
  });
  return { run, input, output, error, log };
}
