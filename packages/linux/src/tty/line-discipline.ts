/**
 * The line discipline: what happens between a key and a read.
 *
 * A pure state machine. Typed bytes go in with `input`; echo and processed output come out through the sink, signals
 * through the same sink; the program reads with `read`. In canonical mode bytes are edited in `line` and become readable
 * when the line ends; in raw mode they are readable at once, as VMIN says (VTIME is not kept: a read that finds fewer
 * than VMIN bytes waits for them).
 */
import { EAGAIN } from '@tessera/vfs';
import { INPUT_BYTES_MAX, LINE_BYTES_MAX } from '../limits.js';
import { SIGINT, SIGQUIT, SIGTSTP } from '../signal/signals.js';
import {
  ECHO,
  ECHOCTL,
  ECHOE,
  ECHOK,
  ECHONL,
  ICRNL,
  IEXTEN,
  IGNCR,
  INLCR,
  ISIG,
  ISTRIP,
  NOFLSH,
  OCRNL,
  ONLCR,
  OPOST,
  Termios,
  VEOF,
  VEOL,
  VEOL2,
  VERASE,
  VINTR,
  VKILL,
  VLNEXT,
  VMIN,
  VQUIT,
  VREPRINT,
  VSUSP,
  VWERASE,
} from './termios.js';

export interface TerminalSink {
  /** Bytes for the screen. */
  output(bytes: Uint8Array): void;
  /** A signal for the foreground process. */
  signal(signal: number): void;
}

const NEWLINE = 10;
const RETURN = 13;
const TAB = 9;
/** Marks the end of a line that was ended by the end-of-file character: it is not part of what is read. */
const END_OF_FILE = -1;

export class LineDiscipline {
  readonly termios: Termios = new Termios();
  private readonly sink: TerminalSink;
  /** Being edited. */
  private line: number[] = [];
  /** Complete, in order; END_OF_FILE ends a read. `ready[taken]` is next. */
  private ready: number[] = [];
  private taken = 0;
  private quoteNext = false;
  private closed = false;

  constructor(sink: TerminalSink) {
    this.sink = sink;
  }

  // ---- from the keyboard ----

  input(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index++) this.inputByte(bytes[index]);
  }

  /** The line is gone (end of the host's input): reads answer 0 from now on. */
  hangUp(): void {
    this.completeLine();
    this.closed = true;
  }

  private inputByte(raw: number): void {
    const settings = this.termios;
    const characters = settings.characters;
    const local = settings.localFlags;
    let byte = raw;
    if ((settings.inputFlags & ISTRIP) !== 0) byte &= 0x7f;
    if (this.quoteNext) {
      this.quoteNext = false;
      this.append(byte);
      return;
    }
    if ((local & ISIG) !== 0) {
      let signal = 0;
      if (this.is(byte, VINTR)) signal = SIGINT;
      else if (this.is(byte, VQUIT)) signal = SIGQUIT;
      else if (this.is(byte, VSUSP)) signal = SIGTSTP;
      if (signal !== 0) {
        this.echoControl(byte);
        if ((local & NOFLSH) === 0) this.flushInput();
        this.sink.signal(signal);
        return;
      }
    }
    if (byte === RETURN) {
      if ((settings.inputFlags & IGNCR) !== 0) return;
      if ((settings.inputFlags & ICRNL) !== 0) byte = NEWLINE;
    } else if (byte === NEWLINE && (settings.inputFlags & INLCR) !== 0) {
      byte = RETURN;
    }
    if (!settings.canonical()) {
      if (this.ready.length - this.taken < INPUT_BYTES_MAX) this.ready.push(byte);
      this.echo(byte);
      return;
    }
    if (this.is(byte, VERASE)) {
      this.erase();
      return;
    }
    if (this.is(byte, VKILL)) {
      const visible = (local & ECHOK) !== 0;
      while (this.line.length > 0) this.erase();
      if (visible && (local & ECHOE) === 0) this.put([NEWLINE]);
      return;
    }
    if ((local & IEXTEN) !== 0) {
      if (this.is(byte, VWERASE)) {
        this.eraseWord();
        return;
      }
      if (this.is(byte, VLNEXT)) {
        this.quoteNext = true;
        return;
      }
      if (this.is(byte, VREPRINT)) {
        this.reprint();
        return;
      }
    }
    if (this.is(byte, VEOF)) {
      this.completeLine();
      this.ready.push(END_OF_FILE);
      return;
    }
    if (
      byte === NEWLINE ||
      (byte === characters[VEOL] && byte !== 0) ||
      (byte === characters[VEOL2] && byte !== 0)
    ) {
      this.line.push(byte);
      if ((local & ECHO) !== 0 || (byte === NEWLINE && (local & ECHONL) !== 0)) this.put([byte]);
      this.completeLine();
      return;
    }
    this.append(byte);
  }

  /** A control character of value 0 is switched off. */
  private is(byte: number, which: number): boolean {
    const character = this.termios.characters[which];
    return character !== 0 && character === byte;
  }

  private append(byte: number): void {
    if (!this.termios.canonical()) {
      this.ready.push(byte);
      this.echo(byte);
      return;
    }
    // Room is kept for the end of the line, as Linux does.
    if (this.line.length >= LINE_BYTES_MAX - 1) {
      this.put([7]);
      return;
    }
    this.line.push(byte);
    this.echo(byte);
  }

  private completeLine(): void {
    for (let index = 0; index < this.line.length; index++) this.ready.push(this.line[index]);
    this.line = [];
  }

  flushInput(): void {
    this.line = [];
    this.ready = [];
    this.taken = 0;
  }

  // ---- echo ----

  private put(bytes: number[]): void {
    const raw = new Uint8Array(bytes.length);
    for (let index = 0; index < bytes.length; index++) raw[index] = bytes[index];
    this.write(raw);
  }

  private echo(byte: number): void {
    if ((this.termios.localFlags & ECHO) === 0) return;
    if (
      byte < 32 &&
      byte !== TAB &&
      byte !== NEWLINE &&
      (this.termios.localFlags & ECHOCTL) !== 0
    ) {
      this.put([94, byte + 64]);
    } else if (byte === 127 && (this.termios.localFlags & ECHOCTL) !== 0) {
      this.put([94, 63]);
    } else {
      this.put([byte]);
    }
  }

  private echoControl(byte: number): void {
    if ((this.termios.localFlags & ECHO) !== 0) this.echo(byte);
  }

  /** Columns that a byte took on the screen. */
  private width(byte: number): number {
    if (byte === TAB) return 1;
    if ((byte < 32 || byte === 127) && (this.termios.localFlags & ECHOCTL) !== 0) return 2;
    // Continuation bytes of UTF-8 take no column of their own.
    return (byte & 0xc0) === 0x80 ? 0 : 1;
  }

  private erase(): void {
    let columns = 0;
    let removed = false;
    while (this.line.length > 0) {
      const byte = this.line[this.line.length - 1];
      this.line.pop();
      removed = true;
      columns += this.width(byte);
      // A character of several bytes goes as a whole.
      if ((byte & 0xc0) !== 0x80) break;
    }
    if (!removed || (this.termios.localFlags & ECHO) === 0) return;
    if ((this.termios.localFlags & ECHOE) === 0) {
      this.put([this.termios.characters[VERASE]]);
      return;
    }
    for (let column = 0; column < columns; column++) this.put([8, 32, 8]);
  }

  private eraseWord(): void {
    while (this.line.length > 0 && this.isBlank(this.line[this.line.length - 1])) this.erase();
    while (this.line.length > 0 && !this.isBlank(this.line[this.line.length - 1])) this.erase();
  }

  private isBlank(byte: number): boolean {
    return byte === 32 || byte === TAB;
  }

  private reprint(): void {
    if ((this.termios.localFlags & ECHO) === 0) return;
    this.echo(this.termios.characters[VREPRINT]);
    this.put([NEWLINE]);
    for (let index = 0; index < this.line.length; index++) this.echo(this.line[index]);
  }

  // ---- to and from the program ----

  /** Bytes that a read would give. */
  available(): number {
    let count = 0;
    for (let index = this.taken; index < this.ready.length; index++) {
      if (this.ready[index] === END_OF_FILE) break;
      count++;
    }
    return count;
  }

  /** A read would not wait. */
  readable(): boolean {
    if (this.closed) return true;
    const waiting = this.ready.length - this.taken;
    if (waiting === 0) return false;
    if (this.termios.canonical()) return true;
    const minimum = this.termios.characters[VMIN];
    return waiting >= (minimum === 0 ? 1 : minimum);
  }

  /** One line at most in canonical mode; 0 is the end of the file; -EAGAIN means wait. */
  read(into: Uint8Array): number {
    if (into.length === 0) return 0;
    if (!this.readable()) {
      if (!this.termios.canonical() && this.termios.characters[VMIN] === 0) return 0;
      return -EAGAIN;
    }
    const canonical = this.termios.canonical();
    let count = 0;
    while (count < into.length && this.taken < this.ready.length) {
      const byte = this.ready[this.taken];
      if (byte === END_OF_FILE) {
        // Ends this read, or is a read of 0 by itself; a line that was just filled up keeps it for the next.
        if (count === 0 || canonical) this.taken++;
        break;
      }
      this.taken++;
      into[count++] = byte;
      if (canonical && byte === NEWLINE) break;
    }
    if (this.taken === this.ready.length) {
      this.ready = [];
      this.taken = 0;
    } else if (this.taken > INPUT_BYTES_MAX) {
      this.ready = this.ready.slice(this.taken);
      this.taken = 0;
    }
    return count;
  }

  /** Output of the program (and echo), processed. */
  write(bytes: Uint8Array): void {
    const flags = this.termios.outputFlags;
    if ((flags & OPOST) === 0 || (flags & (ONLCR | OCRNL)) === 0) {
      this.sink.output(bytes);
      return;
    }
    let extra = 0;
    for (let index = 0; index < bytes.length; index++) if (bytes[index] === NEWLINE) extra++;
    if (extra === 0 && (flags & OCRNL) === 0) {
      this.sink.output(bytes);
      return;
    }
    const out = new Uint8Array(bytes.length + ((flags & ONLCR) !== 0 ? extra : 0));
    let at = 0;
    for (let index = 0; index < bytes.length; index++) {
      let byte = bytes[index];
      if (byte === NEWLINE && (flags & ONLCR) !== 0) out[at++] = RETURN;
      else if (byte === RETURN && (flags & OCRNL) !== 0) byte = NEWLINE;
      out[at++] = byte;
    }
    this.sink.output(out);
  }
}
