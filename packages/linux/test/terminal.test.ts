import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LineDiscipline } from '../src/index.js';

class Screen {
  text = '';
  signals: number[] = [];
  output(bytes: Uint8Array): void {
    this.text += String.fromCharCode(...bytes);
  }
  signal(signal: number): void {
    this.signals.push(signal);
  }
}

function type(line: LineDiscipline, text: string): void {
  line.input(Uint8Array.from([...text].map((c) => c.charCodeAt(0))));
}

function read(line: LineDiscipline, bytes = 100): string | number {
  const into = new Uint8Array(bytes);
  const count = line.read(into);
  return count <= 0 ? count : String.fromCharCode(...into.subarray(0, count));
}

test('canonical mode gives whole lines, edited', () => {
  const screen = new Screen();
  const line = new LineDiscipline(screen);
  type(line, 'hel');
  assert.is(read(line), -11);
  type(line, 'x\x7flo\r');
  assert.is(read(line), 'hello\n');
  assert.is(screen.text, 'helx\b \blo\r\n');
  type(line, 'one two\x17three\nkilled\x15kept\n');
  assert.is(read(line), 'one three\n');
  assert.is(read(line), 'kept\n');
  assert.is(read(line), -11);
});

test('a short read leaves the rest of the line', () => {
  const line = new LineDiscipline(new Screen());
  type(line, 'abcdef\n');
  assert.is(read(line, 4), 'abcd');
  assert.is(read(line, 4), 'ef\n');
});

test('^D ends a read, with or without text', () => {
  const line = new LineDiscipline(new Screen());
  type(line, 'ab\x04');
  assert.is(read(line), 'ab');
  type(line, '\x04');
  assert.is(read(line), 0);
  assert.is(read(line), -11);
});

test('^C, ^\\ and ^Z are signals and flush what was typed', () => {
  const screen = new Screen();
  const line = new LineDiscipline(screen);
  type(line, 'abc\x03\x1c\x1a');
  assert.equal(screen.signals, [2, 3, 20]);
  assert.is(screen.text, 'abc^C^\\^Z');
  type(line, 'x\n');
  assert.is(read(line), 'x\n');
  line.termios.localFlags &= ~1;
  type(line, '\x03\n');
  assert.is(read(line), '\x03\n');
});

test('^V quotes; echo can be off', () => {
  const screen = new Screen();
  const line = new LineDiscipline(screen);
  type(line, '\x16\x03\n');
  assert.is(read(line), '\x03\n');
  screen.text = '';
  line.termios.localFlags &= ~8;
  type(line, 'secret\n');
  assert.is(screen.text, '');
  assert.is(read(line), 'secret\n');
});

test('raw mode: every byte at once, VMIN', () => {
  const line = new LineDiscipline(new Screen());
  line.termios.localFlags &= ~(2 | 8 | 1);
  line.termios.inputFlags = 0;
  type(line, 'a\r\x03');
  assert.is(read(line), 'a\r\x03');
  line.termios.characters[6] = 3;
  type(line, 'ab');
  assert.is(read(line), -11);
  type(line, 'c');
  assert.is(read(line), 'abc');
  line.termios.characters[6] = 0;
  assert.is(read(line), 0);
});

test('a UTF-8 character is erased as a whole', () => {
  const screen = new Screen();
  const line = new LineDiscipline(screen);
  type(line, 'a\xc3\xa9\x7f\n');
  assert.is(read(line), 'a\n');
  assert.is(screen.text, 'a\xc3\xa9\b \b\r\n');
});

test('settings survive encoding', () => {
  const line = new LineDiscipline(new Screen());
  const before = line.termios.encode();
  line.termios.decode(before);
  assert.equal(line.termios.encode(), before);
  assert.is(before.length, 36);
});

test('without special characters, what is typed is what is read', () => {
  const plain = fc.stringMatching(/^[ -~]{0,60}$/);
  fc.assert(
    fc.property(
      fc.array(plain, { maxLength: 10 }),
      fc.integer({ min: 1, max: 70 }),
      (lines, size) => {
        const line = new LineDiscipline(new Screen());
        type(line, lines.map((one) => one + '\n').join(''));
        let out = '';
        for (let got = read(line, size); typeof got === 'string'; got = read(line, size))
          out += got;
        assert.is(out, lines.map((one) => one + '\n').join(''));
      },
    ),
  );
});

test('any bytes in any mode: no loss of control', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(0xffff),
      fc.nat(0xffff),
      (bytes, input, local) => {
        const line = new LineDiscipline(new Screen());
        line.termios.inputFlags = input;
        line.termios.localFlags = local;
        line.input(bytes);
        line.hangUp();
        for (let step = 0; step < 500; step++) if (read(line) === 0 && step > 250) return;
        throw new Error('reads never end');
      },
    ),
    { numRuns: 500 },
  );
});

test.run();
