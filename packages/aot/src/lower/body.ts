/**
 * The body of one function while it is lowered: its C text so far, the variables in scope, where `break`, `continue`,
 * `return` and exceptions go. Expressions are three-address: every load is a temporary, so evaluation order is explicit.
 */
import * as ts from 'typescript';
import { cType, elementType, isReference, type Kind, optional } from '../kinds.js';
import type {
  Callee,
  ClassInstance,
  Environment,
  FunctionInstance,
  Item,
  Value,
} from '../model.js';
import { propertyName, type World } from '../world.js';
import { numberKind } from './number-kind.js';

export interface Variable {
  readonly c: string;
  readonly kind: Kind;
  readonly boxed: boolean;
}

/** Where control leaves a region: through `finally` blocks from the inside out. */
export interface Scope {
  readonly kind: 'loop' | 'switch' | 'label' | 'try' | 'finally';
  readonly labels: readonly string[];
  readonly breakTo: string;
  readonly continueTo: string;
  /** `finally`: exits routed through it. */
  readonly routes?: Map<string, number>;
  readonly route?: string;
  readonly catchTo?: string;
}

export const undefinedValue: Value = { c: '((ref)0)', kind: 'ref' };
export const nullValue: Value = { c: 'TS_NULL', kind: 'ref' };

export class Body {
  readonly world: World;
  readonly fn: FunctionInstance;
  readonly parent: Body | undefined;
  readonly environment: Environment;
  readonly variables: Map<ts.Symbol | string, Variable> = new Map();
  /** Captured variables in order: inner name, and what the creator passes. */
  readonly captures: {
    variable: Variable;
    outer: Variable;
    key: ts.Symbol | string;
    fieldName: string;
  }[] = [];
  readonly scopes: Scope[] = [];
  /** Function values known at compile time: const arrows and nested functions. */
  readonly known: Map<ts.Symbol, { instance: FunctionInstance; creates: string | undefined }> =
    new Map();
  thisClass: ClassInstance | undefined;
  items: Item[];
  chain: { label: string } | undefined;
  /** In a derived constructor: field initialisers, to run after super(). */
  afterSuper: (() => void) | undefined;
  private counter = 0;
  private line = -1;

  constructor(world: World, fn: FunctionInstance, parent: Body | undefined) {
    this.world = world;
    this.fn = fn;
    this.parent = parent;
    this.environment = fn.environment;
    this.items = fn.items;
    this.thisClass = fn.thisClass ?? parent?.thisClass;
  }

  // Text -----------------------------------------------------------------------------------------------------------------

  emit(item: Item): void {
    this.items.push(item);
  }

  unique(wish: string): string {
    return `${wish.replace(/[^A-Za-z0-9_]/g, '_')}_${++this.counter}`;
  }

  at(node: ts.Node): void {
    const source = node.getSourceFile();
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    if (line !== this.line) {
      this.line = line;
      this.emit(`#line ${line}`);
    }
  }

  /** `, file, line` for checked operations; __LINE__ follows #line. */
  get site(): string {
    return 'TS_FILE, __LINE__';
  }

  temp(kind: Kind, c: string): Value {
    const name = this.unique('t');
    this.emit(`${cType(kind)} ${name} = ${c};`);
    return { c: name, kind };
  }

  /** A variable that is assigned later. */
  slot(kind: Kind): Value {
    const name = this.unique('t');
    this.emit(`${cType(kind)} ${name} = 0;`);
    return { c: name, kind };
  }

  /** Makes sure that later side effects do not change the value. */
  settle(value: Value): Value {
    return value.variable ? this.temp(value.kind, value.c) : value;
  }

  label(wish: string): string {
    return this.unique(`L_${wish}`);
  }

  place(label: string): void {
    this.emit(`${label}:;`);
  }

  call(callee: Callee, args: string[], kind: Kind): Value {
    const target = kind === 'void' ? '' : this.unique('t');
    if (target !== '') this.emit(`${cType(kind)} ${target};`);
    this.emit({ op: 'call', callee, args, target, kind, landing: this.landing() });
    return kind === 'void' ? undefinedValue : { c: target, kind };
  }

  /** Where an exception goes from here: a label, or '' = out of the function. */
  landing(): string {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const scope = this.scopes[i]!;
      if (scope.catchTo) return scope.catchTo;
    }
    return '';
  }

  throwValue(value: string): void {
    const landing = this.landing();
    if (landing === '') this.emit({ op: 'throw', value });
    else this.emit(`ts_error = ${value}; goto ${landing};`);
  }

  // Types ----------------------------------------------------------------------------------------------------------------

  typeOf(node: ts.Node): ts.Type {
    return this.world.checker.getTypeAtLocation(node);
  }

  kindOfType(type: ts.Type): Kind {
    return this.world.types.kindOf(type, this.environment);
  }

  kindOf(node: ts.Expression): Kind {
    const kind = this.kindOfType(this.typeOf(node));
    return kind === 'int' || kind === 'u64' || kind === 'i64'
      ? numberKind(this.world, node, this.environment)
      : kind;
  }

  classOf(node: ts.Node): ClassInstance | undefined {
    if (node.kind === ts.SyntaxKind.ThisKeyword && this.thisClass) return this.thisClass;
    return this.world.classOf(this.typeOf(node), this.environment);
  }

  refuse(...args: Parameters<World['refuse']>): never {
    this.world.refuse(...args);
  }

  // Variables ------------------------------------------------------------------------------------------------------------

  /** The variable in this function, capturing it from an enclosing one if needed. */
  lookup(key: ts.Symbol | string): Variable | undefined {
    const own = this.variables.get(key);
    if (own) return own;
    const outer = this.parent?.lookup(key);
    if (!outer) return undefined;
    const name = typeof key === 'string' ? key : key.name;
    const c = this.unique(`c_${name}`);
    const variable: Variable = { c, kind: outer.kind, boxed: outer.boxed };
    this.variables.set(key, variable);
    this.captures.push({ variable, outer, key, fieldName: `f_${c}` });
    return variable;
  }

  lookupKnown(
    symbol: ts.Symbol,
  ): { instance: FunctionInstance; creates: string | undefined } | undefined {
    return this.known.get(symbol) ?? this.parent?.lookupKnown(symbol);
  }

  declare(symbol: ts.Symbol, kind: Kind, boxed: boolean): Variable {
    const existing = this.variables.get(symbol);
    if (existing && boxed && existing.boxed) return existing;
    const variable: Variable = { c: this.unique(symbol.name), kind, boxed };
    this.variables.set(symbol, variable);
    if (boxed) this.emit(`ref ${variable.c} = ts_alloc(${isReference(kind) ? 14 : 13}, 17);`);
    else this.emit(`${cType(kind)} ${variable.c};`);
    return variable;
  }

  read(variable: Variable): Value {
    if (variable.boxed) return this.temp(variable.kind, boxPlace(variable));
    return { c: variable.c, kind: variable.kind, variable: true };
  }

  write(variable: Variable, c: string): void {
    this.emit(variable.boxed ? `TS_WR(${boxPlace(variable)}, ${c});` : `${variable.c} = ${c};`);
  }

  // Helpers --------------------------------------------------------------------------------------------------------------

  /** Runs `work` with its text collected apart. */
  collect<T>(work: () => T): { items: Item[]; result: T } {
    const saved = this.items;
    const items: Item[] = [];
    this.items = items;
    try {
      return { result: work(), items };
    } finally {
      this.items = saved;
    }
  }

  append(items: Item[]): void {
    for (const item of items) this.items.push(item);
  }
}

export function boxPlace(variable: Variable): string {
  const member = isReference(variable.kind)
    ? 'r'
    : variable.kind === 'f64'
      ? 'd'
      : variable.kind === 'u64'
        ? 'u'
        : 'i';
  return `((struct ts_box *)${variable.c})->w.${member}`;
}

export function elementPlace(kind: Kind, address: string): string {
  return `*(${elementType(kind)} *)${address}`;
}

export { optional, propertyName };
