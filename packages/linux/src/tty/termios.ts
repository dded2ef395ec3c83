/** Terminal settings: Linux's struct termios (kernel form, 36 bytes) as an object. */
import { dataView } from '@tessera/vfs';

export const ICRNL = 0o400;
export const INLCR = 0o100;
export const IGNCR = 0o200;
export const ISTRIP = 0o40;
export const IXON = 0o2000;
export const IUTF8 = 0o40000;
export const OPOST = 1;
export const ONLCR = 4;
export const OCRNL = 8;
export const ISIG = 1;
export const ICANON = 2;
export const ECHO = 8;
export const ECHOE = 0o20;
export const ECHOK = 0o40;
export const ECHONL = 0o100;
export const NOFLSH = 0o200;
export const ECHOCTL = 0o1000;
export const ECHOKE = 0o4000;
export const IEXTEN = 0o100000;

export const VINTR = 0;
export const VQUIT = 1;
export const VERASE = 2;
export const VKILL = 3;
export const VEOF = 4;
export const VTIME = 5;
export const VMIN = 6;
export const VSTART = 8;
export const VSTOP = 9;
export const VSUSP = 10;
export const VEOL = 11;
export const VREPRINT = 12;
export const VDISCARD = 13;
export const VWERASE = 14;
export const VLNEXT = 15;
export const VEOL2 = 16;
const CONTROL_COUNT = 19;

export const TERMIOS_BYTES = 36;

export class Termios {
  inputFlags: number = ICRNL | IXON;
  outputFlags: number = OPOST | ONLCR;
  /** B38400, 8 bits, receiver on. */
  controlFlags = 0o277;
  localFlags: number = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
  line = 0;
  readonly characters: Uint8Array;

  constructor() {
    this.characters = new Uint8Array(CONTROL_COUNT);
    const c = this.characters;
    c[VINTR] = 3;
    c[VQUIT] = 28;
    c[VERASE] = 127;
    c[VKILL] = 21;
    c[VEOF] = 4;
    c[VMIN] = 1;
    c[VSTART] = 17;
    c[VSTOP] = 19;
    c[VSUSP] = 26;
    c[VREPRINT] = 18;
    c[VDISCARD] = 15;
    c[VWERASE] = 23;
    c[VLNEXT] = 22;
  }

  encode(): Uint8Array {
    const out = new Uint8Array(TERMIOS_BYTES);
    const view = new DataView(out.buffer);
    view.setUint32(0, this.inputFlags, true);
    view.setUint32(4, this.outputFlags, true);
    view.setUint32(8, this.controlFlags, true);
    view.setUint32(12, this.localFlags, true);
    out[16] = this.line;
    out.set(this.characters, 17);
    return out;
  }

  /** Precondition: `bytes` has at least TERMIOS_BYTES. */
  decode(bytes: Uint8Array): void {
    const view = dataView(bytes);
    this.inputFlags = view.getUint32(0, true);
    this.outputFlags = view.getUint32(4, true);
    this.controlFlags = view.getUint32(8, true);
    this.localFlags = view.getUint32(12, true);
    this.line = bytes[16];
    this.characters.set(bytes.subarray(17, 17 + CONTROL_COUNT), 0);
  }

  canonical(): boolean {
    return (this.localFlags & ICANON) !== 0;
  }
}
