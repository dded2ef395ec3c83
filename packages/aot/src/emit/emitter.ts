/**
 * From lowered bodies to C text: one unit per module, and a last unit with what only the whole program knows: class table,
 * roots, dispatch tables, start-up. A unit declares exactly what it mentions, so that its text, which is its cache key,
 * changes only when something that it uses does.
 */
import * as path from 'node:path';
import type * as ts from 'typescript';
import {
  arrayClass,
  cType,
  elementType,
  isReference,
  type Kind,
  storageTypes,
  throwingType,
} from '../kinds.js';
import type {
  Callee,
  ClassInstance,
  Field,
  FunctionInstance,
  Item,
  ModuleUnit,
  Selector,
} from '../model.js';
import { storageOf, type Types } from '../types.js';
import type { World } from '../world.js';

export interface Unit {
  readonly name: string;
  readonly text: string;
  readonly float: boolean;
}

const FIRST_CLASS_ID = 32;
const PLAIN_CLOSURE_ID = 31;

/** A word as a value of a kind, in C text. */
export function fromWord(kind: Kind, c: string): string {
  switch (kind) {
    case 'int':
      return `ts_to_int(${c}, TS_FILE, 0)`;
    case 'f64':
      return `ts_to_f64(${c}, TS_FILE, 0)`;
    case 'bool':
      return `ts_to_bool(${c})`;
    case 'u64':
      return `ts_to_u64(${c}, TS_FILE, 0)`;
    case 'i64':
      return `ts_to_i64(${c}, TS_FILE, 0)`;
    default:
      return c;
  }
}

export function toWord(kind: Kind, c: string): string {
  switch (kind) {
    case 'int':
      return `ts_of_int(${c})`;
    case 'f64':
      return `ts_of_f64(${c})`;
    case 'bool':
      return `ts_of_bool(${c})`;
    case 'u64':
      return `ts_box_u64(${c})`;
    case 'i64':
      return `ts_box_i64(${c})`;
    default:
      return c;
  }
}

function recast(from: Kind, to: Kind, c: string): string {
  if (from === to || (isReference(from) && isReference(to))) return c;
  if (from === 'int' && to === 'f64') return `(double)${c}`;
  if (from === 'u64' && to === 'i64') return `ts_u2i(${c}, TS_FILE, 0)`;
  if (from === 'i64' && to === 'u64') return `ts_i2u(${c}, TS_FILE, 0)`;
  return fromWord(to, toWord(from, c));
}

interface Resolution {
  readonly how: 'direct' | 'table' | 'field' | 'none';
  readonly instance?: FunctionInstance;
  readonly thunk?: string;
  readonly field?: Field;
}

export class Emitter {
  readonly world: World;
  closuresThrow = false;
  private readonly prototypes: Map<string, string>;
  private readonly resolutions: Map<Selector, Resolution> = new Map();
  private readonly thunks: Map<string, { name: string; text: string }> = new Map();
  private readonly orderedClasses: ClassInstance[] = [];
  private readonly usedSelectors: Set<Selector> = new Set();

  constructor(world: World) {
    this.world = world;
    this.prototypes = new Map(world.prototypes);
  }

  emit(start: { main: FunctionInstance | undefined }): Unit[] {
    this.assignClassIds();
    this.decideThrows();
    for (const instance of this.world.functions) {
      this.prototypes.set(instance.cname, `${this.signature(instance)};`);
      if (this.world.universal.has(instance)) {
        this.prototypes.set(`u_${instance.cname}`, `${this.universalSignature(instance)};`);
      }
    }
    for (const selector of this.world.selectors) this.resolve(selector);
    const units: Unit[] = [];
    for (const module of this.world.modules.values()) units.push(...this.moduleUnits(module));
    units.push(this.tables(start.main));
    return units;
  }

  // Whole-program facts ----------------------------------------------------------------------------------------------------

  private assignClassIds(): void {
    let next = FIRST_CLASS_ID;
    const visit = (instance: ClassInstance): void => {
      instance.id = next++;
      this.orderedClasses.push(instance);
      for (const subclass of instance.subclasses) visit(subclass);
      instance.lastId = next - 1;
    };
    for (const instance of this.world.classes) if (!instance.base) visit(instance);
  }

  private decideThrows(): void {
    for (let changed = true; changed; ) {
      changed = false;
      for (const instance of this.world.functions) {
        if (instance.throws || !instance.items.some((item) => this.escapes(item))) continue;
        instance.throws = true;
        changed = true;
        if (this.world.universal.has(instance)) this.closuresThrow = true;
      }
      for (const selector of this.world.selectors) {
        if (selector.throws) continue;
        for (const target of selector.targets.values()) {
          if (
            target.how === 'function'
              ? target.instance.throws
              : selector.access === 'call' && this.closuresThrow
          )
            selector.throws = true;
        }
        if (selector.throws) changed = true;
      }
    }
  }

  private escapes(item: Item): boolean {
    if (typeof item === 'string') return false;
    if (item.op === 'throw') return true;
    return item.op === 'call' && item.landing === '' && this.calleeThrows(item.callee);
  }

  private calleeThrows(callee: Callee): boolean {
    if (callee.how === 'direct') return callee.instance.throws;
    if (callee.how === 'closure') return this.closuresThrow;
    return callee.selector.throws;
  }

  // Dispatch ---------------------------------------------------------------------------------------------------------------

  private resolve(selector: Selector): void {
    const targets = [...selector.targets];
    if (targets.length === 0) {
      this.resolutions.set(selector, { how: 'none' });
      return;
    }
    const first = targets[0]![1];
    if (
      first.how === 'function' &&
      targets.every(([, t]) => t.how === 'function' && t.instance === first.instance)
    ) {
      if (this.sameSignature(selector, first.instance)) {
        this.resolutions.set(selector, { how: 'direct', instance: first.instance });
        return;
      }
    }
    if (first.how === 'field' && selector.access !== 'call') {
      const f = first.field;
      const same = targets.every(
        ([, t]) =>
          t.how === 'field' &&
          t.field.offset === f.offset &&
          t.field.kind === f.kind &&
          t.field.storage === f.storage,
      );
      const kind = selector.access === 'get' ? selector.result : selector.parameters[0]!;
      const fits = kind === f.kind || (isReference(kind) && isReference(f.kind));
      if (same && fits && f.storage === 'word' && this.coversAll(selector)) {
        this.resolutions.set(selector, { how: 'field', field: f });
        return;
      }
    }
    this.resolutions.set(selector, { how: 'table' });
  }

  /** Optional properties may be absent from some shapes: then the table answers undefined. */
  private coversAll(selector: Selector): boolean {
    return (
      selector.required.every((set) => set.includes(selector.member)) || selector.root !== undefined
    );
  }

  private sameSignature(selector: Selector, instance: FunctionInstance): boolean {
    const same = (a: Kind, b: Kind): boolean => a === b || (isReference(a) && isReference(b));
    return (
      selector.throws === instance.throws &&
      same(selector.result, instance.result) &&
      selector.parameters.length === instance.parameters.length &&
      selector.parameters.every(
        (k, i) => same(k, instance.parameters[i]!.kind) && !instance.parameters[i]!.rest,
      )
    );
  }

  private selectorType(selector: Selector): string {
    const result = selector.throws ? throwingType(selector.result) : cType(selector.result);
    return `${result} (*)(${['ref', ...selector.parameters.map(cType)].join(', ')})`;
  }

  /** The table entry for one class: the method itself if it fits, else a function that adapts. */
  private entry(selector: Selector, cls: ClassInstance): string {
    const target = selector.targets.get(cls)!;
    if (target.how === 'function' && this.sameSignature(selector, target.instance))
      return target.instance.cname;
    const key = target.how === 'function' ? `f${target.instance.cname}` : `o${cls.cname}`;
    const id = `${selector.cname}|${key}`;
    const known = this.thunks.get(id);
    if (known) return known.name;
    const name = `th_${this.thunks.size}_${selector.member.replace(/[^A-Za-z0-9_]/g, '_')}`;
    const names = selector.parameters.map((_, i) => `p${i}`);
    const head = `${selector.throws ? throwingType(selector.result) : cType(selector.result)} ${name}(${['ref self', ...selector.parameters.map((k, i) => `${cType(k)} p${i}`)].join(', ')})`;
    let text: string;
    if (target.how === 'function') {
      const instance = target.instance;
      const args = instance.parameters.map((p, i) => {
        if (p.rest) {
          const kind = this.restKind(instance, i);
          return `ts_rest_${i}`.replace(/.*/, () => `rest${i}_${kind}`);
        }
        if (i < names.length) return recast(selector.parameters[i]!, p.kind, names[i]!);
        return isReference(p.kind) ? '((ref)0)' : '0';
      });
      const rest = instance.parameters.findIndex((p) => p.rest);
      let prologue = '';
      if (rest >= 0) {
        const kind = this.restKind(instance, rest);
        const array = `rest${rest}_${kind}`;
        if (names.length === rest + 1 && isReference(selector.parameters[rest]!))
          prologue = `ref ${array} = ${names[rest]};`;
        else {
          prologue = `ref ${array} = ts_arr_new(${arrayClass(kind)}, 0, TS_FILE, 0);`;
          for (let i = rest; i < names.length; i++) {
            prologue += ` *(${elementType(kind)} *)ts_arr_more(${array}) = ${recast(selector.parameters[i]!, kind, names[i]!)};`;
          }
        }
      }
      text = `${head} { ${prologue} ${this.forward(`${instance.cname}(${['self', ...args].join(', ')})`, instance.result, instance.throws, selector.result, selector.throws)} }`;
    } else {
      const field = target.field;
      const type = field.storage === 'word' ? cType(field.kind) : storageTypes[field.storage].c;
      const place = `*(${type} *)((char *)self + ${field.offset})`;
      if (selector.access === 'get') {
        text = `${head} { return ${this.result(selector, recast(field.kind, selector.result, place))}; }`;
      } else if (selector.access === 'set') {
        text = `${head} { TS_WR(${place}, ${recast(selector.parameters[0]!, field.kind, 'p0')}); ${selector.throws ? 'return 0;' : ''} }`;
      } else {
        const words = names.map((n, i) => toWord(selector.parameters[i]!, n));
        while (words.length < 4) words.push('((ref)0)');
        const cast = this.closureType(words.length);
        const call = `((${cast})((struct ts_clo *)${place})->code)(${[place, String(names.length), ...words].join(', ')})`;
        text = `${head} { ${this.forward(call, 'val', this.closuresThrow, selector.result, selector.throws)} }`;
      }
    }
    this.thunks.set(id, { name, text });
    this.prototypes.set(name, `${head};`);
    return name;
  }

  private result(selector: Selector, c: string): string {
    return selector.throws ? `(${throwingType(selector.result)}){ ${c}, 0 }` : c;
  }

  private restKind(instance: FunctionInstance, index: number): Kind {
    const declaration = instance.parameters[index]!.declaration!;
    const types: Types = this.world.types;
    return types.elementKind(
      types.receiver(this.world.checker.getTypeAtLocation(declaration)),
      instance.environment,
    );
  }

  /** `return` of a call whose kind and convention differ from the wanted ones. */
  private forward(
    call: string,
    from: Kind,
    fromThrows: boolean,
    to: Kind,
    toThrows: boolean,
  ): string {
    const wrap = (c: string): string =>
      to === 'void'
        ? toThrows
          ? 'return 0;'
          : 'return;'
        : toThrows
          ? `return (${throwingType(to)}){ ${c}, 0 };`
          : `return ${c};`;
    const missing = to === 'void' ? '' : isReference(to) ? '((ref)0)' : '0';
    if (!fromThrows) {
      if (from === 'void') return `${call}; ${wrap(missing)}`;
      return to === 'void'
        ? `${call}; ${wrap('')}`
        : wrap(recast(from, to, call).replace(call, call));
    }
    // A throwing callee behind a convention that throws as well: selectors throw when a target does.
    const error = to === 'void' ? 'return r_e;' : `return (${throwingType(to)}){ 0, r_e };`;
    if (from === 'void') return `ref r_e = ${call}; if (r_e) ${error} ${wrap(missing)}`;
    const value = to === 'void' ? '' : recast(from, to, 'r.v');
    return `${throwingType(from)} r = ${call}; ref r_e = r.e; if (r_e) ${error} ${wrap(value)}`;
  }

  private closureType(words: number): string {
    return `${this.closuresThrow ? 'ts_rr' : 'ref'} (*)(ref, int64_t${', ref'.repeat(words)})`;
  }

  // Functions --------------------------------------------------------------------------------------------------------------

  private signature(instance: FunctionInstance): string {
    const parameters = instance.parameters.map((p, i) => `${cType(p.kind)} p${i}`);
    if (instance.self) parameters.unshift('ref self');
    const result = instance.throws ? throwingType(instance.result) : cType(instance.result);
    return `${result} ${instance.cname}(${parameters.join(', ') || 'void'})`;
  }

  private universalWords(instance: FunctionInstance): number {
    return instance.parameters.some((p) => p.rest) ? 8 : Math.max(4, instance.parameters.length);
  }

  private universalSignature(instance: FunctionInstance): string {
    const words = Array.from({ length: this.universalWords(instance) }, (_, i) => `ref a${i}`);
    return `${this.closuresThrow ? 'ts_rr' : 'ref'} u_${instance.cname}(ref self, int64_t argc, ${words.join(', ')})`;
  }

  /** The entry that closures are called through: words in, word out. */
  private universalEntry(instance: FunctionInstance): string {
    let prologue = '';
    const args = instance.parameters.map((p, i) => {
      if (p.rest) {
        const kind = this.restKind(instance, i);
        prologue = `ref all[] = { ${Array.from({ length: 8 }, (_, n) => `a${n}`).join(', ')} }; ref rest = ts_arr_new(${arrayClass(kind)}, 0, TS_FILE, 0); for (int64_t i = ${i}; i < argc; i++) *(${elementType(kind)} *)ts_arr_more(rest) = ${fromWord(kind, 'all[i]')};`;
        return 'rest';
      }
      const word = i < 4 ? `a${i}` : `(argc > ${i} ? a${i} : (ref)0)`;
      return fromWord(p.kind, word);
    });
    if (instance.self) args.unshift('self');
    const call = `${instance.cname}(${args.join(', ')})`;
    return `${this.universalSignature(instance)} { ${prologue} ${this.forward(call, instance.result, instance.throws, 'val', this.closuresThrow)} }`;
  }

  private itemText(instance: FunctionInstance, item: Item, file: string): string {
    if (typeof item === 'string') return item.startsWith('#line') ? `${item} ${file}` : item;
    if (item.op === 'return') {
      if (instance.result === 'void') return instance.throws ? 'return 0;' : 'return;';
      return instance.throws
        ? `return (${throwingType(instance.result)}){ ${item.value}, 0 };`
        : `return ${item.value};`;
    }
    const leaveFunction = (error: string): string =>
      instance.result === 'void'
        ? `return ${error};`
        : `return (${throwingType(instance.result)}){ 0, ${error} };`;
    if (item.op === 'throw') return leaveFunction(item.value);
    const leave = (error: string): string =>
      item.landing === '' ? leaveFunction(error) : `ts_error = ${error}; goto ${item.landing};`;
    const { call, throws, plain } = this.callText(item.callee, item.args);
    if (plain !== undefined) return item.target === '' ? plain : `${item.target} = ${plain};`;
    const assign = item.target === '' ? '' : `${item.target} = `;
    if (!throws) return `${assign}${call};`;
    const kind =
      item.callee.how === 'closure'
        ? 'val'
        : item.callee.how === 'direct'
          ? item.callee.instance.result
          : item.callee.selector.result;
    if (kind === 'void') return `{ ref e = ${call}; if (TS_UNLIKELY(e != 0)) { ${leave('e')} } }`;
    return `{ ${throwingType(kind)} r = ${call}; if (TS_UNLIKELY(r.e != 0)) { ${leave('r.e')} } ${assign}${assign === '' ? '' : 'r.v;'} }`;
  }

  private callText(
    callee: Callee,
    args: string[],
  ): { call: string; throws: boolean; plain?: string } {
    if (callee.how === 'direct')
      return {
        call: `${callee.instance.cname}(${args.join(', ')})`,
        throws: callee.instance.throws,
      };
    if (callee.how === 'closure') {
      const type = this.closureType(args.length - 2);
      return {
        call: `((${type})((struct ts_clo *)${args[0]})->code)(${args.join(', ')})`,
        throws: this.closuresThrow,
      };
    }
    const selector = callee.selector;
    const resolution = this.resolutions.get(selector)!;
    switch (resolution.how) {
      case 'direct':
        return {
          call: `${resolution.instance!.cname}(${args.join(', ')})`,
          throws: resolution.instance!.throws,
        };
      case 'none':
        return {
          call: '',
          throws: false,
          plain:
            selector.access === 'set' || selector.result === 'void'
              ? 'ts_panic(TS_P_DISPATCH, TS_FILE, __LINE__);'
              : `(ts_panic(TS_P_DISPATCH, TS_FILE, __LINE__), ${isReference(selector.result) ? '(ref)0' : '0'})`,
        };
      case 'field': {
        const place = `*(${cType(resolution.field!.kind)} *)((char *)${args[0]} + ${resolution.field!.offset})`;
        return selector.access === 'get'
          ? { call: '', throws: false, plain: place }
          : { call: '', throws: false, plain: `TS_WR(${place}, ${args[1]});` };
      }
      default:
        this.usedSelectors.add(selector);
        this.prototypes.set(selector.cname, `extern const void *const ${selector.cname}[];`);
        return {
          call: `((${this.selectorType(selector)})${selector.cname}[${args[0]}->cls])(${args.join(', ')})`,
          throws: selector.throws,
        };
    }
  }

  private functionText(instance: FunctionInstance, file: string): string {
    const lines = instance.items.map((item) => this.itemText(instance, item, file));
    // One physical line per TypeScript line, so that __LINE__ and the debugger agree with #line.
    const body = lines
      .map((text, i) =>
        text.startsWith('#line')
          ? `\n${text}\n`
          : `${text}${lines[i + 1]?.startsWith('#line') ? '' : ' '}`,
      )
      .join('');
    const locals: string[] = [];
    if (/\bts_error\b/.test(body)) locals.push('ref ts_error = 0;');
    if (/\bts_result\b/.test(body)) locals.push(`${cType(instance.result)} ts_result = 0;`);
    const line = /#line (\d+)/.exec(body)?.[1];
    let text = `${line ? `#line ${line} ${file}\n` : ''}${this.signature(instance)} { ${locals.join(' ')} ${body}\n}\n`;
    if (instance.entrySymbol !== undefined) text += this.entryWrapper(instance);
    if (this.world.universal.has(instance)) text += `${this.universalEntry(instance)}\n`;
    return text;
  }

  private entryWrapper(instance: FunctionInstance): string {
    const parameters =
      instance.parameters.map((p, i) => `${cType(p.kind)} p${i}`).join(', ') || 'void';
    const call = `${instance.cname}(${instance.parameters.map((_, i) => `p${i}`).join(', ')})`;
    const head = `${cType(instance.result)} ${instance.entrySymbol}(${parameters})`;
    if (!instance.throws)
      return `${head} { ${instance.result === 'void' ? '' : 'return '}${call}; }\n`;
    if (instance.result === 'void')
      return `${head} { if (${call}) ts_panic(TS_P_THROW, TS_FILE, 0); }\n`;
    return `${head} { ${throwingType(instance.result)} r = ${call}; if (r.e) ts_panic(TS_P_THROW, TS_FILE, 0); return r.v; }\n`;
  }

  // Units ------------------------------------------------------------------------------------------------------------------

  private moduleUnits(module: ModuleUnit): Unit[] {
    const file = quote(this.shortName(module.file.fileName));
    const texts = module.functions
      .filter((f) => f.lowered)
      .map((f) => this.tokens(this.functionText(f, quote(module.file.fileName))));
    const globals = module.globals.map((g) => `${cType(g.kind)} ${g.cname} = ${g.initial};`);
    const closures = this.world.staticClosures
      .filter((f) => f.module === module)
      .map(
        (f) => `struct ts_clo fv_${f.cname} = { ${PLAIN_CLOSURE_ID}, 0, (void *)u_${f.cname} };`,
      );
    if (texts.length === 0 && globals.length === 0 && closures.length === 0) return [];
    const isFloat = (text: string): boolean =>
      this.world.options.freestanding && /\bdouble\b|\bts_f64|\bts_rd\b|_f64\(/.test(text);
    const plain = texts.filter((t) => !isFloat(t));
    const float = texts.filter(isFloat);
    const units = [
      this.unit(
        module.name,
        file,
        [...globals, ...closures, ...plain].join('\n'),
        !this.world.options.freestanding,
      ),
    ];
    if (float.length > 0)
      units.push(this.unit(`${module.name}_float`, file, float.join('\n'), true));
    return units;
  }

  private shortName(name: string): string {
    const parts = name.split('/');
    const at = parts.lastIndexOf('packages');
    return at >= 0 ? parts.slice(at + 1).join('/') : path.basename(name);
  }

  private unit(name: string, file: string, body: string, float: boolean): Unit {
    const declarations: string[] = [];
    const seen = new Set<string>();
    const visit = (text: string): void => {
      for (const match of text.matchAll(/[A-Za-z_][A-Za-z0-9_]*/g)) {
        const word = match[0];
        if (seen.has(word)) continue;
        seen.add(word);
        const struct = this.world.structs.get(word);
        if (struct) declarations.push(struct);
        const prototype = this.prototypes.get(word);
        if (prototype) {
          visit(prototype.replace(word, ''));
          declarations.push(prototype);
        }
      }
    };
    visit(body);
    const text = `#define TS_FILE ${file}\n#include "prelude.h"\n${declarations.join('\n')}\n${body}\n`;
    return { name, text, float };
  }

  private tokens(text: string): string {
    const classes = this.world.classes;
    return text
      .replace(/@id(\d+)@/g, (_, i) => String(classes[Number(i)]!.id))
      .replace(/@lo(\d+)@/g, (_, i) => String(classes[Number(i)]!.id))
      .replace(/@hi(\d+)@/g, (_, i) => String(classes[Number(i)]!.lastId))
      .replace(/@any(\d+)\(([^@]*?)\)@/g, (_, id, v) => {
        const ranges = classes.filter(
          (c) => c.declaration && this.world.idOf(c.declaration) === Number(id),
        );
        return `(${ranges.map((c) => `ts_is_cls(${v}, ${c.id}, ${c.lastId})`).join(' || ') || '0'})`;
      })
      .replace(/@has([^(@]*)\(([^@]*?)\)@/g, (_, member, v) => {
        const having = classes.filter(
          (c) => c.allocated && !c.closure && this.world.hasMember(c, member),
        );
        return `(${having.map((c) => `ts_is_cls(${v}, ${c.id}, ${c.id})`).join(' || ') || '0'})`;
      });
  }

  /** The last unit. */
  private tables(main: FunctionInstance | undefined): Unit {
    const parts: string[] = [];
    const count = FIRST_CLASS_ID + this.orderedClasses.length;
    // Dispatch tables first: they request thunks.
    for (const selector of this.usedSelectors) {
      const entries = this.orderedClasses
        .filter((c) => selector.targets.has(c))
        .map((c) => `[${c.id}] = ${this.entry(selector, c)}`);
      const missing =
        selector.access === 'get' && isReference(selector.result) && !selector.throws
          ? 'ts_missing'
          : 'ts_bad_dispatch';
      const fill = `[0 ... ${count - 1}] = ${missing}`;
      parts.push(
        `const void *const ${selector.cname}[${count}] = { ${[fill, ...entries].join(', ')} };`,
      );
    }
    const thunks = [...this.thunks.values()].map((t) => t.text);
    const roots = [...this.world.modules.values()]
      .flatMap((m) => m.globals)
      .filter((g) => isReference(g.kind));
    const head = [
      '#pragma clang diagnostic ignored "-Winitializer-overrides"',
      'static ref ts_missing(ref self) { return 0; }',
      'static void ts_bad_dispatch(void) { ts_panic(TS_P_DISPATCH, TS_FILE, 0); }',
    ];
    const text = [
      ...head,
      ...thunks,
      ...parts,
      this.classTable(count),
      `const uint64_t ts_root_table[] = { ${roots.map((g) => `(uint64_t)&${g.cname}`).join(', ') || '0'} };`,
      `const int64_t ts_root_count = ${roots.length};`,
      this.start(main),
    ].join('\n');
    return this.unit(
      'tessera_tables',
      '"tessera"',
      text,
      !this.world.options.freestanding || /\bdouble\b|ts_f64|_f64\(/.test(text),
    );
  }

  private classTable(count: number): string {
    const offsets: string[] = [];
    const rows: string[] = Array.from({ length: count }, () => '{ 0, 0, 0, 0, 0, "", 0 }');
    const row = (
      id: number,
      size: number,
      kind: number,
      base: number,
      references: number[],
      name: string,
      fields = '0',
    ): void => {
      let place = '0';
      if (references.length > 0) {
        place = `o${id}`;
        offsets.push(`static const uint32_t o${id}[] = { ${references.join(', ')} };`);
      }
      rows[id] =
        `{ ${size}, ${kind}, ${base}, ${references.length}, ${place}, ${quote(name)}, ${fields} }`;
    };
    row(1, 16, 4, 0, [], 'string');
    row(2, 16, 5, 0, [], 'string');
    row(3, 16, 1, 0, [], 'storage of words');
    row(4, 16, 2, 0, [], 'storage of references');
    row(5, 16, 3, 0, [], 'bytes');
    row(6, 8, 0, 0, [], 'null');
    for (let id = 7; id <= 12; id++) row(id, 24, 0, 0, [16], 'Array');
    row(13, 16, 0, 0, [], 'box');
    row(14, 16, 0, 0, [8], 'box');
    row(15, 16, 0, 0, [], 'Number');
    row(16, 16, 0, 0, [], 'BigInt');
    row(17, 16, 0, 0, [], 'BigInt');
    const views = [
      'ArrayBuffer',
      'DataView',
      'Int8Array',
      'Uint8Array',
      'Uint8ClampedArray',
      'Int16Array',
      'Uint16Array',
      'Int32Array',
      'Uint32Array',
      'Float32Array',
      'Float64Array',
      'BigInt64Array',
      'BigUint64Array',
    ];
    views.forEach((name, i) => {
      row(18 + i, 32, 0, 0, [24], name);
    });
    row(PLAIN_CLOSURE_ID, 16, 6, 0, [], 'Function');
    for (const cls of this.orderedClasses) {
      const references = [...cls.fields.values()]
        .filter((f) => isReference(f.kind))
        .map((f) => f.offset);
      const name =
        cls.declaration?.name?.text.replace(/Impl$/, '') ?? (cls.closure ? 'Function' : 'Object');
      let fields = '0';
      if (!cls.closure) {
        // What console.log prints: names, places and kinds (inspect/fields.ts), without #private ones.
        const shown = [...cls.fields.values()].filter((f) => !f.name.startsWith('#'));
        const entries = shown.map((f) => `{ ${quote(f.name)}, ${f.offset}, ${fieldCode(f)} }`);
        offsets.push(
          `static const struct ts_field f${cls.id}[] = { ${[...entries, '{ 0, 0, 0 }'].join(', ')} };`,
        );
        fields = `(uint64_t)f${cls.id}`;
      }
      row(
        cls.id,
        this.world.sizeOf(cls),
        cls.closure ? 6 : 0,
        cls.base?.id ?? 0,
        references,
        name,
        fields,
      );
    }
    return `${offsets.join('\n')}\nconst struct ts_class ts_class_table[] = {\n${rows.join(',\n')}\n};\nconst int64_t ts_class_count = ${count};`;
  }

  private start(main: FunctionInstance | undefined): string {
    const lines: string[] = [];
    const call = (instance: FunctionInstance, args: string): void => {
      const c = `${instance.cname}(${args})`;
      if (!instance.throws) lines.push(`${c};`);
      else if (instance.result === 'void')
        lines.push(`{ ref e = ${c}; if (e) ts_rt_runtimeUncaught(e); }`);
      else
        lines.push(
          `{ ${throwingType(instance.result)} r = ${c}; if (r.e) ts_rt_runtimeUncaught(r.e); }`,
        );
    };
    for (const module of this.world.moduleOrder) {
      for (const { instance } of [...module.initialisers].sort((a, b) => a.position - b.position))
        call(instance, '');
    }
    let status = '0';
    if (main) {
      const args = main.parameters[0]
        ? main.parameters[0].kind === 'int'
          ? '(int64_t)argument'
          : 'argument'
        : '';
      if (main.result === 'int') {
        lines.push(
          main.throws
            ? `ts_ri r = ${main.cname}(${args}); if (r.e) ts_rt_runtimeUncaught(r.e);`
            : `int64_t status = ${main.cname}(${args});`,
        );
        status = main.throws ? 'r.v' : 'status';
      } else call(main, args);
    }
    return `void ts_start(uint64_t argument) {\nts_rt_runtimeStart((int64_t)argument);\n${lines.join('\n')}\nts_rt_runtimeExit(${status});\n}`;
  }
}

/** The kind of a field for printing; inspect/fields.ts names the numbers. */
function fieldCode(field: Field): number {
  const widths: Record<string, number> = {
    u8: 6,
    u16: 7,
    u32: 8,
    i8: 9,
    i16: 10,
    i32: 11,
    f32: 12,
  };
  const kinds: Partial<Record<Kind, number>> = { int: 0, f64: 1, bool: 2, u64: 3, i64: 4 };
  return widths[field.storage] ?? kinds[field.kind] ?? 5;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

export type { ts };
export { storageOf };
