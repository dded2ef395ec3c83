// Reads packetdrill scripts: options, shell blocks, and timed events (packets in and out, system calls, assertions).

export interface When {
  readonly kind: 'absolute' | 'relative' | 'any';
  readonly us: number;
  /** End of a range `A~B`, in the same kind. */
  readonly untilUs: number | undefined;
  /** End of a blocking call `A...B`. */
  readonly returnUs: number | undefined;
}

export interface Packet {
  readonly flags: string;
  readonly start: number;
  readonly end: number;
  readonly ack: number | undefined;
  readonly window: number | undefined;
  readonly urgent: number | undefined;
  /** Undefined: `<...>`, anything. */
  readonly options: readonly string[] | undefined;
  readonly ecn: string | undefined;
  readonly icmp: { type: string; code: string; mtu: number; start: number } | undefined;
}

export type Event =
  | {
      readonly type: 'inject' | 'expect';
      readonly when: When;
      readonly line: number;
      readonly packet: Packet;
    }
  | {
      readonly type: 'call';
      readonly when: When;
      readonly line: number;
      readonly name: string;
      readonly args: readonly string[];
      readonly result: string;
      readonly error: string | undefined;
    }
  | { readonly type: 'assert'; readonly when: When; readonly line: number; readonly code: string }
  | { readonly type: 'shell'; readonly when: When; readonly line: number; readonly code: string };

export interface Script {
  readonly options: ReadonlyMap<string, string>;
  readonly setup: readonly string[];
  readonly events: readonly Event[];
}

export class ScriptError extends Error {}

const TIME = /^(\*|\+?\d*\.?\d+)(?:\s*~\s*(\+?\d*\.?\d+))?(?:\s*\.\.\.\s*(\+?\d*\.?\d+))?\s*/;

function micros(text: string): number {
  return Math.round(Number(text.replace('+', '')) * 1e6);
}

function parseWhen(match: RegExpExecArray): When {
  const [, at, until, returns] = match;
  const kind = at === '*' ? 'any' : at.startsWith('+') ? 'relative' : 'absolute';
  return {
    kind,
    us: at === '*' ? 0 : micros(at),
    untilUs: until === undefined ? undefined : micros(until),
    returnUs: returns === undefined ? undefined : micros(returns),
  };
}

export function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  let quoted = false;
  for (const c of text) {
    if (c === '"') quoted = !quoted;
    if (!quoted && '([{'.includes(c)) depth += 1;
    if (!quoted && ')]}'.includes(c)) depth -= 1;
    if (c === ',' && depth === 0 && !quoted) {
      parts.push(part.trim());
      part = '';
    } else part += c;
  }
  if (part.trim() !== '') parts.push(part.trim());
  return parts;
}

function parsePacket(text: string, line: number): Packet {
  let rest = text.trim();
  const ecn = /^\[(\w+)\]\s*/.exec(rest);
  if (ecn !== null) rest = rest.slice(ecn[0].length);
  const icmp =
    /^icmp\s+(\w+)\s+(\w+)(?:\s+mtu\s+(\d+))?\s*\[(?:.*?\s)?(\d+):(\d+)\((\d+)\).*\]/.exec(rest);
  const empty = {
    flags: '',
    start: 0,
    end: 0,
    ack: undefined,
    window: undefined,
    urgent: undefined,
    options: [],
    ecn: undefined,
  };
  if (icmp !== null)
    return {
      ...empty,
      icmp: { type: icmp[1], code: icmp[2], mtu: Number(icmp[3] ?? 0), start: Number(icmp[4]) },
    };
  const match =
    /^([FSRPWEU.-]+)\s+(\d+):(\d+)\s*\((\d+)\)(?:\s+ack\s+(\d+))?(?:\s+win\s+(\d+))?(?:\s+urg\s+(\d+))?\s*(?:<(.*)>)?$/.exec(
      rest,
    );
  if (match === null) throw new ScriptError(`line ${line}: unsupported packet: ${text}`);
  const [, flags, start, end, , ack, window, urgent, options] = match;
  return {
    flags,
    start: Number(start),
    end: Number(end),
    ack: ack === undefined ? undefined : Number(ack),
    window: window === undefined ? undefined : Number(window),
    urgent: urgent === undefined ? undefined : Number(urgent),
    options:
      options === '...'
        ? undefined
        : options === undefined
          ? []
          : options.split(',').map((o) => o.trim()),
    ecn: ecn?.[1],
    icmp: undefined,
  };
}

export function parseScript(source: string): Script {
  const options = new Map<string, string>();
  const setup: string[] = [];
  const events: Event[] = [];
  let at = 0;
  const lineOf = () => source.slice(0, at).split('\n').length;
  const skip = () => {
    for (;;) {
      const blank = /^(\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|#[^\n]*)/.exec(source.slice(at));
      if (blank === null) return;
      at += blank[0].length;
    }
  };
  const until = (end: string): string => {
    const stop = source.indexOf(end, at);
    if (stop < 0) throw new ScriptError(`line ${lineOf()}: ${end} is missing`);
    const text = source.slice(at, stop);
    at = stop + end.length;
    return text;
  };
  const restOfLine = (): string => {
    const stop = source.indexOf('\n', at);
    const text = source.slice(at, stop < 0 ? source.length : stop);
    at = stop < 0 ? source.length : stop;
    return text.replace(/\/\/.*$/, '').trim();
  };
  for (skip(); at < source.length; skip()) {
    if (source.startsWith('--', at)) {
      const [name, value = ''] = restOfLine().slice(2).split('=');
      options.set(name.trim(), value.trim());
      continue;
    }
    if (source[at] === '`') {
      at += 1;
      setup.push(until('`'));
      continue;
    }
    const line = lineOf();
    const time = TIME.exec(source.slice(at));
    if (time === null) throw new ScriptError(`line ${line}: time expected: ${restOfLine()}`);
    at += time[0].length;
    const when = parseWhen(time);
    const c = source[at];
    if (c === '<' || c === '>') {
      at += 1;
      events.push({
        type: c === '<' ? 'inject' : 'expect',
        when,
        line,
        packet: parsePacket(restOfLine(), line),
      });
    } else if (c === '`') {
      at += 1;
      events.push({ type: 'shell', when, line, code: until('`') });
    } else if (source.startsWith('%{', at)) {
      at += 2;
      events.push({ type: 'assert', when, line, code: until('}%') });
    } else events.push(parseCall());

    function parseCall(): Event {
      const name = /^(\w+)\s*\(/.exec(source.slice(at));
      if (name === null) throw new ScriptError(`line ${line}: unknown event: ${restOfLine()}`);
      at += name[0].length;
      let depth = 1;
      const start = at;
      while (depth > 0 && at < source.length) {
        if ('([{'.includes(source[at])) depth += 1;
        if (')]}'.includes(source[at])) depth -= 1;
        at += 1;
      }
      const args = splitTop(source.slice(start, at - 1).replace(/\/\/[^\n]*/g, ''));
      const result = /^=\s*(-?\w+|\.\.\.)\s*([A-Z]+[A-Z0-9]*)?/.exec(
        restOfLine().replace(/^\s*/, ''),
      );
      if (result === null) throw new ScriptError(`line ${line}: result expected`);
      return { type: 'call', when, line, name: name[1], args, result: result[1], error: result[2] };
    }
  }
  return { options, setup, events };
}
