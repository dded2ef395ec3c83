/** Signal numbers, default actions, and the signal state of a process and of its threads. */

export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGILL = 4;
export const SIGTRAP = 5;
export const SIGABRT = 6;
export const SIGBUS = 7;
export const SIGFPE = 8;
export const SIGKILL = 9;
export const SIGUSR1 = 10;
export const SIGSEGV = 11;
export const SIGUSR2 = 12;
export const SIGPIPE = 13;
export const SIGALRM = 14;
export const SIGTERM = 15;
export const SIGSTKFLT = 16;
export const SIGCHLD = 17;
export const SIGCONT = 18;
export const SIGSTOP = 19;
export const SIGTSTP = 20;
export const SIGTTIN = 21;
export const SIGTTOU = 22;
export const SIGURG = 23;
export const SIGXCPU = 24;
export const SIGXFSZ = 25;
export const SIGVTALRM = 26;
export const SIGPROF = 27;
export const SIGWINCH = 28;
export const SIGIO = 29;
export const SIGPWR = 30;
export const SIGSYS = 31;
export const SIGNAL_MAX = 64;

const NAMES: readonly string[] = [
  '',
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGKILL',
  'SIGUSR1',
  'SIGSEGV',
  'SIGUSR2',
  'SIGPIPE',
  'SIGALRM',
  'SIGTERM',
  'SIGSTKFLT',
  'SIGCHLD',
  'SIGCONT',
  'SIGSTOP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGVTALRM',
  'SIGPROF',
  'SIGWINCH',
  'SIGIO',
  'SIGPWR',
  'SIGSYS',
];

export function signalName(signal: number): string {
  if (signal > 0 && signal < NAMES.length) return NAMES[signal];
  return 'SIGRT_' + (signal - 32).toString();
}

/** What happens without a handler. */
export const DEFAULT_TERMINATE = 0;
export const DEFAULT_CORE = 1;
export const DEFAULT_IGNORE = 2;
export const DEFAULT_STOP = 3;
export const DEFAULT_CONTINUE = 4;

export function defaultAction(signal: number): number {
  switch (signal) {
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
      return DEFAULT_IGNORE;
    case SIGCONT:
      return DEFAULT_CONTINUE;
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      return DEFAULT_STOP;
    case SIGQUIT:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGSEGV:
    case SIGXCPU:
    case SIGXFSZ:
    case SIGSYS:
      return DEFAULT_CORE;
    default:
      return DEFAULT_TERMINATE;
  }
}

export const SIG_DFL = 0;
export const SIG_IGN = 1;

export const SA_NOCLDSTOP = 1;
export const SA_NOCLDWAIT = 2;
export const SA_SIGINFO = 4;
export const SA_RESTORER = 0x04000000;
export const SA_ONSTACK = 0x08000000;
export const SA_RESTART = 0x10000000;
export const SA_NODEFER = 0x40000000;
export const SA_RESETHAND = 0x80000000;

/** si_code values. */
export const SI_USER = 0;
export const SI_KERNEL = 128;
export const SI_TKILL = -6;
export const SI_TIMER = -2;
export const SEGV_MAPERR = 1;
export const SEGV_ACCERR = 2;
export const BUS_ADRERR = 2;
export const FPE_INTDIV = 1;
export const ILL_ILLOPN = 2;
export const TRAP_BRKPT = 1;

/** What one signal carries. */
export class SignalInfo {
  readonly signal: number;
  readonly code: number;
  /** Fault address, for SIGSEGV, SIGBUS, SIGFPE, SIGILL. */
  address = 0;
  senderPid = 0;
  senderUid = 0;
  /** Page-fault error code and vector, as the frame shows them. */
  errorCode = 0;
  trapNumber = 0;

  constructor(signal: number, code: number) {
    this.signal = signal;
    this.code = code;
  }
}

export class SignalAction {
  /** SIG_DFL, SIG_IGN, or an address. */
  handler: number = SIG_DFL;
  flags = 0;
  restorer = 0;
  /** Blocked while the handler runs. */
  readonly mask: SignalSet = new SignalSet();
}

/** 64 signals as two halves of 32 bits; signal n is bit n - 1. */
export class SignalSet {
  low = 0;
  high = 0;

  has(signal: number): boolean {
    if (signal <= 32) return ((this.low >>> (signal - 1)) & 1) !== 0;
    return ((this.high >>> (signal - 33)) & 1) !== 0;
  }

  add(signal: number): void {
    if (signal <= 32) this.low = (this.low | (1 << (signal - 1))) >>> 0;
    else this.high = (this.high | (1 << (signal - 33))) >>> 0;
  }

  remove(signal: number): void {
    if (signal <= 32) this.low = (this.low & ~(1 << (signal - 1))) >>> 0;
    else this.high = (this.high & ~(1 << (signal - 33))) >>> 0;
  }

  copyFrom(other: SignalSet): void {
    this.low = other.low;
    this.high = other.high;
  }

  union(other: SignalSet): void {
    this.low = (this.low | other.low) >>> 0;
    this.high = (this.high | other.high) >>> 0;
  }

  subtract(other: SignalSet): void {
    this.low = (this.low & ~other.low) >>> 0;
    this.high = (this.high & ~other.high) >>> 0;
  }

  isEmpty(): boolean {
    return this.low === 0 && this.high === 0;
  }

  /** SIGKILL and SIGSTOP can be neither blocked nor caught. */
  dropUnblockable(): void {
    this.remove(SIGKILL);
    this.remove(SIGSTOP);
  }
}

/** Pending signals: standard ones once each, lowest number first. */
export class PendingSignals {
  private readonly infos: SignalInfo[] = [];

  add(info: SignalInfo): void {
    if (info.signal < 32) {
      for (let index = 0; index < this.infos.length; index++) {
        if (this.infos[index].signal === info.signal) return;
      }
    }
    this.infos.push(info);
  }

  /** Takes the next signal that `blocked` lets through; faults of the thread itself come first. */
  take(blocked: SignalSet): SignalInfo | undefined {
    let best = -1;
    for (let index = 0; index < this.infos.length; index++) {
      const info = this.infos[index];
      if (blocked.has(info.signal)) continue;
      if (best < 0 || info.signal < this.infos[best].signal) best = index;
    }
    if (best < 0) return undefined;
    const info = this.infos[best];
    this.infos.splice(best, 1);
    return info;
  }

  /** Something is pending that `blocked` lets through. */
  deliverable(blocked: SignalSet): boolean {
    for (let index = 0; index < this.infos.length; index++) {
      if (!blocked.has(this.infos[index].signal)) return true;
    }
    return false;
  }

  addTo(set: SignalSet): void {
    for (let index = 0; index < this.infos.length; index++) set.add(this.infos[index].signal);
  }

  /** Drops a signal that became ignored. */
  discard(signal: number): void {
    let index = 0;
    while (index < this.infos.length) {
      if (this.infos[index].signal === signal) this.infos.splice(index, 1);
      else index++;
    }
  }
}
