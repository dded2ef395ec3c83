/**
 * A guest without a machine: speaks the console protocol on its own stdin and stdout, as a kernel does on the serial line.
 * What it does stands in the environment variable FAKE_GUEST. Used in place of QEMU, so it takes QEMU's arguments and
 * looks at none but -initrd.
 */
import { readFileSync, writeSync } from 'node:fs';
import { BOOT_TTY_INPUT, readBootConfiguration } from '@tessera/boot/kernel';
import { EXIT_KERNEL, EXIT_SIGNAL, EXIT_STATUS } from '@tessera/console';
import { type ConsoleEvents, GuestConsole } from '@tessera/console/kernel';

const behaviour = process.env['FAKE_GUEST'] ?? 'echo';
const received: number[] = [];
let inputEnded = false;

function writeAll(bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

const port = {
  write: (bytes: Uint8Array, start: number, length: number): void =>
    writeAll(bytes.subarray(start, start + length)),
  read: (): number => received.shift() ?? -1,
  mask: (): void => {},
  unmask: (): void => {},
};

function leave(cause: number, value: number): void {
  guest.exit(cause, value);
  // As a machine does: it is the host that ends us.
  setTimeout(() => process.exit(0), 10_000);
}

const waiting: Uint8Array[] = [];
function flush(): void {
  while (waiting.length > 0) {
    const first = waiting[0];
    const taken = guest.writeOutput(1, first, 0, first.length);
    if (taken === 0) return;
    if (taken < first.length) waiting[0] = first.subarray(taken);
    else waiting.shift();
  }
  if (inputEnded && behaviour === 'cat') leave(EXIT_STATUS, 0);
}

function put(text: string, descriptor = 1): void {
  const bytes = Buffer.from(text);
  guest.writeOutput(descriptor, bytes, 0, bytes.length);
}

const events: ConsoleEvents = {
  input(bytes, start, length) {
    if (behaviour !== 'cat') return;
    waiting.push(bytes.slice(start, start + length));
    guest.inputTaken(length);
    flush();
  },
  inputEnd() {
    inputEnded = true;
    if (behaviour === 'cat') flush();
  },
  signal(signal) {
    if (behaviour === 'deaf') return;
    put(`signal ${signal}\n`);
    leave(EXIT_SIGNAL, signal);
  },
  window(rows, columns) {
    put(`window ${rows}x${columns}\n`);
  },
  outputReady: flush,
  stop: () => leave(EXIT_STATUS, 0),
};

const guest = new GuestConsole(port, events);

function moduleConfiguration(): ReturnType<typeof readBootConfiguration> {
  const at = process.argv.indexOf('-initrd');
  return at < 0 ? undefined : readBootConfiguration(readFileSync(process.argv[at + 1]));
}

function start(): void {
  writeAll(Buffer.from('SeaBIOS (version fake)\r\n'));
  if (behaviour === 'silent') return void setInterval(() => {}, 1000);
  if (behaviour === 'dies') process.exit(3);
  guest.hello();
  guest.log('kernel: up');
  guest.started(123456n);
  const configuration = moduleConfiguration()?.configuration;
  switch (behaviour.split(' ')[0]) {
    case 'exit':
      leave(EXIT_STATUS, Number(behaviour.split(' ')[1]));
      break;
    case 'echo':
      put(`${(configuration?.argv ?? []).slice(1).join(' ')}\n`);
      leave(EXIT_STATUS, 0);
      break;
    case 'show':
      put(`${JSON.stringify({ ...configuration, seed: undefined, wallClockNs: undefined })}\n`);
      put(configuration && (configuration.flags & BOOT_TTY_INPUT) !== 0 ? 'tty\n' : 'no tty\n', 2);
      leave(EXIT_STATUS, 0);
      break;
    case 'panic':
      writeAll(Buffer.from('panic: mm/buddy.ts:12 page handed out twice\n'));
      leave(EXIT_KERNEL, 1);
      break;
    case 'flood': {
      const total = Number(behaviour.split(' ')[1]);
      for (let left = total; left > 0; left -= 65536)
        waiting.push(new Uint8Array(Math.min(left, 65536)).fill(left & 0xff));
      const done = (): void => {
        if (waiting.length === 0) leave(EXIT_STATUS, 0);
        else setImmediate(done);
      };
      flush();
      done();
      break;
    }
    default:
      break; // cat, wait, deaf: events drive them
  }
}

process.stdin.on('data', (bytes: Buffer) => {
  for (const byte of bytes) received.push(byte);
  guest.poll();
});
start();
