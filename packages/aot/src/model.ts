/** The whole program as the compiler sees it: modules, class instances, function instances, selectors, globals. */
import type * as ts from 'typescript';
import type { Kind, Storage } from './kinds.js';
import type { Body } from './lower/body.js';

/** Kinds of the type parameters in scope. */
export interface Environment {
  readonly kinds: ReadonlyMap<ts.Symbol, Kind>;
  readonly key: string;
}

export interface ModuleUnit {
  readonly file: ts.SourceFile;
  /** Short C prefix, unique. */
  readonly name: string;
  readonly functions: FunctionInstance[];
  readonly globals: GlobalVariable[];
  /** Initialiser pieces in source order. */
  readonly initialisers: { position: number; instance: FunctionInstance }[];
}

export interface Field {
  readonly name: string;
  readonly cname: string;
  readonly kind: Kind;
  readonly storage: Storage;
  readonly offset: number;
}

export interface ClassInstance {
  readonly index: number;
  readonly name: string;
  readonly cname: string;
  readonly module: ModuleUnit;
  readonly declaration: ts.ClassLikeDeclaration | undefined;
  readonly environment: Environment;
  readonly base: ClassInstance | undefined;
  readonly fields: Map<string, Field>;
  size: number;
  readonly subclasses: ClassInstance[];
  allocated: boolean;
  /** For closures: no dispatch by name. */
  readonly closure: boolean;
  /** Assigned at the end. */
  id: number;
  lastId: number;
}

export interface Parameter {
  readonly kind: Kind;
  readonly optional: boolean;
  readonly rest: boolean;
  readonly declaration: ts.ParameterDeclaration | undefined;
}

export interface FunctionInstance {
  readonly cname: string;
  readonly displayName: string;
  readonly module: ModuleUnit;
  readonly declaration: ts.SignatureDeclaration | undefined;
  readonly environment: Environment;
  readonly thisClass: ClassInstance | undefined;
  /** Has a first parameter: `this` of a method, or the closure object. */
  readonly self: boolean;
  readonly parameters: Parameter[];
  readonly result: Kind;
  items: Item[];
  lowered: boolean;
  /** May it end by throwing? Decided by a fixpoint at the end. */
  throws: boolean;
  entrySymbol: string | undefined;
  /** Bodies that no single declaration describes: implicit constructors, module initialisers. */
  readonly custom: ((body: Body) => void) | undefined;
}

export interface Selector {
  readonly cname: string;
  readonly member: string;
  readonly access: 'call' | 'get' | 'set';
  readonly parameters: Kind[];
  readonly result: Kind;
  /** Receivers are of this class or below, or... */
  readonly root: ClassInstance | undefined;
  /** ...of any class with all these members. */
  readonly required: readonly (readonly string[])[];
  readonly targets: Map<ClassInstance, SelectorTarget>;
  throws: boolean;
}

export type SelectorTarget =
  | { readonly how: 'function'; readonly instance: FunctionInstance }
  | { readonly how: 'field'; readonly field: Field };

export interface GlobalVariable {
  readonly cname: string;
  readonly kind: Kind;
  readonly module: ModuleUnit;
  /** C constant when the value is known at compile time. */
  readonly initial: string;
}

export type Callee =
  | { readonly how: 'direct'; readonly instance: FunctionInstance }
  | { readonly how: 'selector'; readonly selector: Selector }
  | { readonly how: 'closure' };

/** One piece of a lowered body. Calls and returns stay open until it is known which functions throw. */
export type Item =
  | string
  | {
      readonly op: 'call';
      readonly callee: Callee;
      readonly args: string[];
      readonly target: string;
      readonly kind: Kind;
      readonly landing: string;
    }
  | { readonly op: 'return'; readonly value: string }
  | { readonly op: 'throw'; readonly value: string };

/** A value while lowering: a C expression without side effects. */
export interface Value {
  readonly c: string;
  readonly kind: Kind;
  /** Reads a variable that a later operand may change. */
  readonly variable?: boolean;
}
