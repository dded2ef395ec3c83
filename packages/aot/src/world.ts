/** Registry of everything instantiated so far, and the work list that lowers it. */
import * as path from 'node:path';
import * as ts from 'typescript';
import type { DiagnosticName } from './diagnostics/catalogue.js';
import { type Diagnostic, Refusal } from './diagnostics/error.js';
import { docTag, type FrontEnd, valueImports } from './frontend/program.js';
import {
  cType,
  isReference,
  type Kind,
  kindLetter,
  optional,
  type Storage,
  storageTypes,
} from './kinds.js';
import type { Body } from './lower/body.js';
import { numberKind } from './lower/number-kind.js';
import { initialiseGlobal, lowerStatement } from './lower/statements.js';
import type {
  ClassInstance,
  Environment,
  Field,
  FunctionInstance,
  GlobalVariable,
  ModuleUnit,
  Parameter,
  Selector,
  SelectorTarget,
} from './model.js';
import { emptyEnvironment, isNullish, makeEnvironment, storageOf, Types } from './types.js';

export type FunctionNode = ts.SignatureDeclaration;

export interface WorldOptions {
  readonly freestanding: boolean;
}

export class World {
  readonly front: FrontEnd;
  readonly checker: ts.TypeChecker;
  readonly types: Types;
  readonly options: WorldOptions;
  readonly modules: Map<ts.SourceFile, ModuleUnit> = new Map();
  readonly moduleOrder: ModuleUnit[] = [];
  readonly functions: FunctionInstance[] = [];
  readonly classes: ClassInstance[] = [];
  readonly selectors: Selector[] = [];
  readonly globals: Map<ts.Symbol, GlobalVariable> = new Map();
  readonly statics: Map<ts.Node, GlobalVariable> = new Map();
  readonly diagnostics: Diagnostic[] = [];
  readonly structs: Map<string, string> = new Map();
  /** C symbol -> declaration, for whatever text mentions it. */
  readonly prototypes: Map<string, string> = new Map();
  readonly externs: Set<string> = new Set();
  /** Functions that exist as closure values: their universal entries. */
  readonly universal: Set<FunctionInstance> = new Set();
  readonly strings: Map<string, string> = new Map();
  lowerFunction: (instance: FunctionInstance) => void = () => {};
  readonly shapes: Map<string, ClassInstance> = new Map();
  readonly staticClosures: FunctionInstance[] = [];
  private readonly unchecked: Map<ModuleUnit, boolean> = new Map();
  private runtimeNames: Map<string, ts.Symbol> | undefined;
  private subclassMap: Map<ts.ClassLikeDeclaration, ts.ClassLikeDeclaration[]> | undefined;
  private readonly functionsByKey: Map<string, FunctionInstance> = new Map();
  private readonly classesByKey: Map<string, ClassInstance> = new Map();
  private readonly selectorsByKey: Map<string, Selector> = new Map();
  private readonly usedNames: Map<string, number> = new Map();
  private readonly nodeIds: Map<object, number> = new Map();
  private readonly queue: FunctionInstance[] = [];

  constructor(front: FrontEnd, options: WorldOptions) {
    this.front = front;
    this.checker = front.checker;
    this.types = new Types(front.checker);
    this.options = options;
  }

  refuse(name: DiagnosticName, node: ts.Node | undefined, ...details: string[]): never {
    throw new Refusal(name, node, ...details);
  }

  idOf(node: object): number {
    let id = this.nodeIds.get(node);
    if (id === undefined) this.nodeIds.set(node, (id = this.nodeIds.size + 1));
    return id;
  }

  /** A C identifier, unique in the program. */
  uniqueName(wish: string): string {
    const clean = wish.replace(/[^A-Za-z0-9_]/g, '_');
    const count = this.usedNames.get(clean) ?? 0;
    this.usedNames.set(clean, count + 1);
    return count === 0 ? clean : `${clean}__${count}`;
  }

  /** Modules in initialisation order: imports first. */
  openModules(file: ts.SourceFile): ModuleUnit {
    const known = this.modules.get(file);
    if (known) return known;
    const base = path.basename(file.fileName).replace(/\.[^.]*$/, '');
    const parts = file.fileName.split('/');
    const src = parts.lastIndexOf('src');
    const package_ = src > 0 ? parts[src - 1]! : '';
    const module: ModuleUnit = {
      file,
      name: this.uniqueName(package_ === '' ? base : `${package_}_${base}`),
      functions: [],
      globals: [],
      initialisers: [],
    };
    this.modules.set(file, module);
    for (const imported of valueImports(file, this.checker)) this.openModules(imported);
    this.moduleOrder.push(module);
    return module;
  }

  /** The head comment of a runtime module may say `@unchecked`. */
  isUnchecked(module: ModuleUnit): boolean {
    let known = this.unchecked.get(module);
    if (known === undefined) {
      const text = module.file.text;
      known =
        module.file.fileName.includes('/aot/runtime/') &&
        text.slice(0, text.indexOf('*/') + 1).includes('@unchecked');
      this.unchecked.set(module, known);
    }
    return known;
  }

  moduleOf(node: ts.Node): ModuleUnit {
    return this.openModules(node.getSourceFile());
  }

  // Runtime --------------------------------------------------------------------------------------------------------------

  /** An exported function or class of the runtime library, in whichever of its files. */
  runtimeSymbol(name: string): ts.Symbol | undefined {
    if (!this.runtimeNames) {
      this.runtimeNames = new Map();
      for (const file of this.front.runtimeFiles) {
        const module = this.checker.getSymbolAtLocation(file);
        for (const symbol of module ? this.checker.getExportsOfModule(module) : []) {
          this.runtimeNames.set(symbol.name, this.resolveAlias(symbol));
        }
      }
    }
    return this.runtimeNames.get(name);
  }

  runtimeFunction(name: string, node: ts.Node | undefined): ts.FunctionDeclaration {
    const declaration = this.runtimeSymbol(name)?.declarations?.find(
      (d): d is ts.FunctionDeclaration => ts.isFunctionDeclaration(d) && d.body !== undefined,
    );
    if (!declaration) this.refuse('missingRuntime', node, name);
    return declaration;
  }

  runtimeClass(name: string): ts.ClassDeclaration | undefined {
    return this.runtimeSymbol(`${name}Impl`)?.declarations?.find(ts.isClassDeclaration);
  }

  resolveAlias(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  // Functions ------------------------------------------------------------------------------------------------------------

  signatureParameters(declaration: FunctionNode, environment: Environment): Parameter[] {
    const result: Parameter[] = [];
    for (const parameter of declaration.parameters) {
      if (ts.isIdentifier(parameter.name) && parameter.name.text === 'this') continue;
      const rest = parameter.dotDotDotToken !== undefined;
      const isOptional =
        parameter.initializer !== undefined || parameter.questionToken !== undefined;
      let kind = rest
        ? 'ref'
        : this.types.kindOf(this.checker.getTypeAtLocation(parameter), environment);
      if (kind === 'int' && parameter.initializer && !parameter.type) {
        kind = numberKind(this, parameter.initializer, environment);
      }
      if (isOptional) kind = optional(kind);
      result.push({ kind, optional: isOptional, rest, declaration: parameter });
    }
    return result;
  }

  resultKind(declaration: FunctionNode, environment: Environment): Kind {
    if (ts.isConstructorDeclaration(declaration) || ts.isSetAccessorDeclaration(declaration))
      return 'void';
    const signature = this.checker.getSignatureFromDeclaration(declaration);
    if (!signature) return 'void';
    const type = this.checker.getReturnTypeOfSignature(signature);
    return this.returnKind(type, declaration, environment);
  }

  returnKind(type: ts.Type, declaration: FunctionNode | undefined, environment: Environment): Kind {
    if (isNullish(type) || type.flags & ts.TypeFlags.Never) return 'void';
    const kind = this.types.kindOf(type, environment);
    if (
      (kind === 'int' || kind === 'u64' || kind === 'i64') &&
      declaration &&
      !declaration.type &&
      'body' in declaration
    ) {
      return numberKind(this, declaration, environment);
    }
    return kind;
  }

  functionInstance(
    declaration: FunctionNode,
    environment: Environment,
    thisClass: ClassInstance | undefined,
  ): FunctionInstance {
    const key = `${this.idOf(declaration)}|${environment.key}|${thisClass?.index ?? ''}`;
    const known = this.functionsByKey.get(key);
    if (known) return known;
    const module = this.moduleOf(declaration);
    const name = thisClass
      ? `${thisClass.name}_${memberName(declaration)}`
      : memberName(declaration);
    const isExported = !thisClass && ts.isFunctionDeclaration(declaration);
    const entrySymbol = isExported ? docTag(declaration, 'entry') : undefined;
    const instance = this.newFunction({
      cname:
        runtimeSymbols.has(name) &&
        !thisClass &&
        this.runtimeSymbol(name)?.declarations?.includes(declaration)
          ? `ts_rt_${name}`
          : this.uniqueName(`${module.name}_${name}`),
      displayName: thisClass ? `${thisClass.name}.${memberName(declaration)}` : name,
      module,
      declaration,
      environment,
      thisClass,
      self: thisClass !== undefined,
      parameters: this.signatureParameters(declaration, environment),
      result: this.resultKind(declaration, environment),
      entrySymbol,
      custom: undefined,
    });
    this.functionsByKey.set(key, instance);
    this.queue.push(instance);
    return instance;
  }

  newFunction(f: Omit<FunctionInstance, 'items' | 'lowered' | 'throws'>): FunctionInstance {
    const instance: FunctionInstance = { ...f, items: [], lowered: false, throws: false };
    this.functions.push(instance);
    f.module.functions.push(instance);
    return instance;
  }

  /** A function made by the compiler, once per key. */
  customFunction(
    key: string,
    make: () => Omit<FunctionInstance, 'items' | 'lowered' | 'throws'>,
  ): FunctionInstance {
    const known = this.functionsByKey.get(key);
    if (known) return known;
    const instance = this.newFunction(make());
    this.functionsByKey.set(key, instance);
    this.queue.push(instance);
    return instance;
  }

  private initialiser(
    module: ModuleUnit,
    node: ts.Node,
    name: string,
    custom: (body: Body) => void,
  ): void {
    const instance = this.customFunction(`init${this.idOf(node)}`, () => ({
      cname: this.uniqueName(`${module.name}_init_${name}`),
      displayName: `initialiser of ${name}`,
      module,
      declaration: undefined,
      environment: emptyEnvironment,
      thisClass: undefined,
      self: false,
      parameters: [],
      result: 'void',
      entrySymbol: undefined,
      custom,
    }));
    if (!module.initialisers.some((i) => i.instance === instance))
      module.initialisers.push({ position: node.pos, instance });
  }

  /** The initialiser of a module variable or static field joins the program. */
  requestInitialiser(
    declaration: ts.VariableDeclaration | ts.BindingElement | ts.PropertyDeclaration,
  ): void {
    let root: ts.Node = declaration;
    while (
      ts.isBindingElement(root) ||
      ts.isArrayBindingPattern(root) ||
      ts.isObjectBindingPattern(root)
    )
      root = root.parent;
    if (!('initializer' in root) || !root.initializer) return;
    this.initialiser(
      this.moduleOf(root),
      root,
      ts.isVariableDeclaration(root) || ts.isPropertyDeclaration(root)
        ? propertyName(root.name as ts.PropertyName)
        : 'x',
      (body) => initialiseGlobal(body, root as ts.VariableDeclaration | ts.PropertyDeclaration),
    );
  }

  /** Statements of a module that run for their effects. */
  requestStatement(module: ModuleUnit, statement: ts.Statement): void {
    this.initialiser(
      module,
      statement,
      `line${module.file.getLineAndCharacterOfPosition(statement.getStart()).line + 1}`,
      (body) => {
        lowerStatement(body, statement);
        body.emit({ op: 'return', value: '' });
      },
    );
  }

  /** Allocated size: one spare byte keeps a one-past-the-end pointer inside its object. */
  sizeOf(instance: ClassInstance): number {
    return Math.ceil((instance.size + 1) / 8) * 8;
  }

  /** Does a subclass anywhere in the program declare this member again? */
  isOverridden(declaration: ts.ClassLikeDeclaration, name: string): boolean {
    const subclasses = this.subclassDeclarations().get(declaration) ?? [];
    return subclasses.some(
      (s) =>
        s.members.some(
          (m) => m.name !== undefined && propertyName(m.name as ts.PropertyName) === name,
        ) || this.isOverridden(s, name),
    );
  }

  private subclassDeclarations(): Map<ts.ClassLikeDeclaration, ts.ClassLikeDeclaration[]> {
    if (this.subclassMap) return this.subclassMap;
    const map = new Map<ts.ClassLikeDeclaration, ts.ClassLikeDeclaration[]>();
    const visit = (node: ts.Node): void => {
      if (ts.isClassLike(node)) {
        const clause = node.heritageClauses?.find((c) => c.token === ts.SyntaxKind.ExtendsKeyword);
        const expression = clause?.types[0]?.expression;
        let symbol = expression && this.checker.getSymbolAtLocation(expression);
        if (symbol) symbol = this.resolveAlias(symbol);
        let base = symbol?.declarations?.find((d): d is ts.ClassLikeDeclaration =>
          ts.isClassLike(d),
        );
        if (!base && symbol) base = this.runtimeClass(symbol.name);
        if (base) map.set(base, [...(map.get(base) ?? []), node]);
      }
      ts.forEachChild(node, visit);
    };
    for (const file of this.front.program.getSourceFiles())
      if (!file.isDeclarationFile) ts.forEachChild(file, visit);
    this.subclassMap = map;
    return map;
  }

  drain(): void {
    for (;;) {
      const next = this.queue.pop();
      if (!next) return;
      if (next.lowered) continue;
      next.lowered = true;
      this.guarded(() => this.lowerFunction(next));
    }
  }

  guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (this.diagnostics.length < 100) this.diagnostics.push(error.diagnostic);
    }
  }

  /** The environment of a class's or function's own type parameters given their kinds. */
  bind(
    parameters: ts.NodeArray<ts.TypeParameterDeclaration> | undefined,
    kinds: readonly Kind[],
    parent: Environment,
  ): Environment {
    if (!parameters || parameters.length === 0) return parent;
    return makeEnvironment(
      parent,
      parameters.map((p, i) => [this.checker.getSymbolAtLocation(p.name)!, kinds[i] ?? 'val']),
    );
  }

  // Classes --------------------------------------------------------------------------------------------------------------

  classInstance(declaration: ts.ClassLikeDeclaration, kinds: readonly Kind[]): ClassInstance {
    const key = `${this.idOf(declaration)}|${kinds.join(',')}`;
    const known = this.classesByKey.get(key);
    if (known) return known;
    const module = this.moduleOf(declaration);
    const environment = this.bind(declaration.typeParameters, kinds, emptyEnvironment);
    const base = this.baseClass(declaration, environment);
    const name = declaration.name?.text ?? 'anonymous';
    const suffix = kinds.length > 0 ? `_${kinds.map(kindLetter).join('')}` : '';
    const instance = this.newClass(name + suffix, module, declaration, environment, base, false);
    this.classesByKey.set(key, instance);
    for (const member of declaration.members) {
      if (hasModifier(member, ts.SyntaxKind.StaticKeyword)) continue;
      if (ts.isPropertyDeclaration(member)) {
        if (
          hasModifier(member, ts.SyntaxKind.DeclareKeyword) ||
          hasModifier(member, ts.SyntaxKind.AbstractKeyword)
        )
          continue;
        this.addField(
          instance,
          propertyName(member.name),
          this.fieldKind(member, environment),
          member.name,
        );
      } else if (ts.isConstructorDeclaration(member)) {
        for (const parameter of member.parameters) {
          if (!ts.isParameterPropertyDeclaration(parameter, member)) continue;
          let kind = this.types.kindOf(this.checker.getTypeAtLocation(parameter), environment);
          if (parameter.questionToken) kind = optional(kind);
          this.addField(
            instance,
            propertyName(parameter.name as ts.Identifier),
            kind,
            parameter.name,
          );
        }
      }
    }
    this.finishLayout(instance);
    return instance;
  }

  private fieldKind(member: ts.PropertyDeclaration, environment: Environment): Kind {
    const type = this.checker.getTypeAtLocation(member);
    const kind = this.types.kindOf(type, environment);
    if (
      (kind === 'int' || kind === 'u64' || kind === 'i64') &&
      !member.type &&
      member.initializer
    ) {
      return numberKind(this, member.initializer, environment);
    }
    return member.questionToken ? optional(kind) : kind;
  }

  newClass(
    name: string,
    module: ModuleUnit,
    declaration: ts.ClassLikeDeclaration | undefined,
    environment: Environment,
    base: ClassInstance | undefined,
    closure: boolean,
  ): ClassInstance {
    const instance: ClassInstance = {
      index: this.classes.length,
      name,
      cname: this.uniqueName(`${module.name}_${name}_t`),
      module,
      declaration,
      environment,
      base,
      fields: new Map(base?.fields ?? []),
      size: base?.size ?? (closure ? 16 : 8),
      subclasses: [],
      allocated: false,
      closure,
      id: 0,
      lastId: 0,
    };
    base?.subclasses.push(instance);
    this.classes.push(instance);
    return instance;
  }

  addField(instance: ClassInstance, name: string, kind: Kind, typed: ts.Node | undefined): Field {
    const existing = instance.fields.get(name);
    if (existing && instance.base?.fields.get(name) === existing) {
      if (existing.kind === kind) return existing;
      this.refuse('conversion', typed, `field ${name} redeclared with another kind`);
    }
    const storage: Storage = typed ? storageOf(this.checker.getTypeAtLocation(typed)) : 'word';
    const width =
      kind === 'bool'
        ? 1
        : storage !== 'word' && !isReference(kind)
          ? storageTypes[storage].width
          : 8;
    const offset = Math.ceil(instance.size / width) * width;
    const field: Field = {
      name,
      cname: `f_${name.replace(/[^A-Za-z0-9_]/g, '_')}`,
      kind,
      storage: isReference(kind) ? 'word' : storage,
      offset,
    };
    instance.fields.set(name, field);
    instance.size = offset + width;
    return field;
  }

  /** Writes the C struct once all fields are known. */
  finishLayout(instance: ClassInstance): void {
    const lines = [...instance.fields.values()]
      .sort((a, b) => a.offset - b.offset)
      .map(
        (f) => `${f.storage === 'word' ? cType(f.kind) : storageTypes[f.storage].c} ${f.cname};`,
      );
    const head = instance.closure ? 'uint32_t cls, flags; void *code;' : 'uint32_t cls, flags;';
    this.structs.set(instance.cname, `struct ${instance.cname} { ${head} ${lines.join(' ')} };`);
  }

  baseClass(
    declaration: ts.ClassLikeDeclaration,
    environment: Environment,
  ): ClassInstance | undefined {
    const clause = declaration.heritageClauses?.find(
      (c) => c.token === ts.SyntaxKind.ExtendsKeyword,
    );
    const expression = clause?.types[0];
    if (!expression) return undefined;
    const type = this.checker.getTypeAtLocation(expression);
    const base = this.classOf(type, environment);
    if (!base) this.refuse('syntax', expression, 'a base class that is not a plain class');
    return base;
  }

  /** The class instance that values of this static type have at least, if the type is nominal enough. */
  classOf(type: ts.Type, environment: Environment): ClassInstance | undefined {
    let t = this.types.receiver(type);
    if (t.isIntersection())
      t = t.types.find((p) => (p.getSymbol()?.flags ?? 0) & ts.SymbolFlags.Class) ?? t;
    const symbol = t.getSymbol();
    if (!symbol) return undefined;
    let declaration: ts.ClassLikeDeclaration | undefined;
    let arguments_: readonly ts.Type[] = [];
    if (symbol.flags & ts.SymbolFlags.Class) {
      declaration = symbol.declarations?.find((d): d is ts.ClassLikeDeclaration =>
        ts.isClassLike(d),
      );
      if (
        t.flags & ts.TypeFlags.Object &&
        (t as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference
      ) {
        arguments_ = this.checker.getTypeArguments(t as ts.TypeReference);
      } else if ((t as ts.ObjectType).objectFlags & ts.ObjectFlags.Anonymous) {
        return undefined; // typeof Class
      }
    } else {
      const library = this.types.libraryName(t);
      if (library !== undefined) {
        declaration = this.runtimeClass(library.replace(/^Readonly(Map|Set)$/, '$1'));
        if (declaration && (t as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference) {
          arguments_ = this.checker.getTypeArguments(t as ts.TypeReference);
        }
      }
    }
    if (!declaration) return undefined;
    const count = declaration.typeParameters?.length ?? 0;
    return this.classInstance(
      declaration,
      arguments_.slice(0, count).map((a) => this.types.kindOf(a, environment)),
    );
  }

  isSubclass(instance: ClassInstance, root: ClassInstance): boolean {
    for (let c: ClassInstance | undefined = instance; c; c = c.base) if (c === root) return true;
    return false;
  }

  /** The member of this name that instances have, looked up from the class upwards. */
  findMember(
    start: ClassInstance,
    name: string,
    access: 'call' | 'get' | 'set',
  ):
    | { owner: ClassInstance; declaration: ts.MethodDeclaration | ts.AccessorDeclaration }
    | undefined {
    for (let c: ClassInstance | undefined = start; c; c = c.base) {
      for (const member of c.declaration?.members ?? []) {
        if (hasModifier(member, ts.SyntaxKind.StaticKeyword) || !member.name) continue;
        const fits =
          access === 'call'
            ? ts.isMethodDeclaration(member) && member.body !== undefined
            : access === 'get'
              ? ts.isGetAccessorDeclaration(member) && member.body !== undefined
              : ts.isSetAccessorDeclaration(member) && member.body !== undefined;
        if (fits && propertyName(member.name) === name) {
          return { owner: c, declaration: member as ts.MethodDeclaration | ts.AccessorDeclaration };
        }
      }
    }
    return undefined;
  }

  hasMember(instance: ClassInstance, name: string): boolean {
    return (
      instance.fields.has(name) ||
      this.findMember(instance, name, 'call') !== undefined ||
      this.findMember(instance, name, 'get') !== undefined ||
      this.findMember(instance, name, 'set') !== undefined
    );
  }

  allocate(instance: ClassInstance): void {
    if (instance.allocated) return;
    instance.allocated = true;
    if (instance.closure) return;
    for (const selector of [...this.selectors]) this.link(instance, selector);
  }

  // Selectors ------------------------------------------------------------------------------------------------------------

  selector(
    member: string,
    access: Selector['access'],
    parameters: Kind[],
    result: Kind,
    root: ClassInstance | undefined,
    required: readonly (readonly string[])[],
  ): Selector {
    const signature = parameters.map(kindLetter).join('') + kindLetter(result);
    const where = root ? `c${root.index}` : required.map((r) => r.join('.')).join('|');
    const key = `${access}:${member}:${signature}:${where}`;
    const known = this.selectorsByKey.get(key);
    if (known) return known;
    const selector: Selector = {
      cname: this.uniqueName(`ts_sel_${access}_${member}_${signature}`),
      member,
      access,
      parameters,
      result,
      root,
      required,
      targets: new Map(),
      throws: false,
    };
    this.selectorsByKey.set(key, selector);
    this.selectors.push(selector);
    for (const instance of [...this.classes])
      if (instance.allocated && !instance.closure) this.link(instance, selector);
    return selector;
  }

  private link(instance: ClassInstance, selector: Selector): void {
    if (selector.targets.has(instance)) return;
    if (selector.root) {
      if (!this.isSubclass(instance, selector.root)) return;
    } else if (
      !selector.required.some((set) => set.every((name) => this.hasMember(instance, name)))
    ) {
      return;
    }
    let target: SelectorTarget | undefined;
    const found = this.findMember(instance, selector.member, selector.access);
    if (found) {
      const environment = this.methodEnvironment(found.declaration, found.owner.environment);
      target = {
        how: 'function',
        instance: this.functionInstance(found.declaration, environment, found.owner),
      };
    } else {
      const field = instance.fields.get(selector.member);
      // A called field must hold a closure; a number of the same name belongs to an unrelated class.
      if (field && (selector.access !== 'call' || isReference(field.kind)))
        target = { how: 'field', field };
    }
    if (target) selector.targets.set(instance, target);
  }

  /** Generic methods called through a selector run with mixed words for their own type parameters. */
  methodEnvironment(declaration: FunctionNode, owner: Environment): Environment {
    return this.bind(
      declaration.typeParameters,
      (declaration.typeParameters ?? []).map(() => 'val' as const),
      owner,
    );
  }

  // Text -----------------------------------------------------------------------------------------------------------------

  fail(node: ts.Node, message: string): never {
    this.refuse('internal', node, message);
  }
}

/** Runtime functions that native/core.c and the start-up code call by a fixed name. */
const runtimeSymbols: ReadonlySet<string> = new Set([
  'allocate',
  'arrayGrow',
  'stringEquals',
  'panic',
  'runtimeStart',
  'runtimeExit',
  'runtimeUncaught',
  'writeBarrier',
]);

export function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return (
    ts.canHaveModifiers(node) && (ts.getModifiers(node)?.some((m) => m.kind === kind) ?? false)
  );
}

/** Member names as strings; `[Symbol.iterator]` keeps its brackets. */
export function propertyName(name: ts.PropertyName | ts.BindingName): string {
  if (
    ts.isIdentifier(name) ||
    ts.isPrivateIdentifier(name) ||
    ts.isStringLiteral(name) ||
    ts.isNumericLiteral(name)
  ) {
    return name.text;
  }
  return name.getText().replace(/^\['(.*)'\]$/, '$1');
}

export function memberName(declaration: FunctionNode): string {
  if (ts.isConstructorDeclaration(declaration)) return 'constructor';
  if (ts.isGetAccessorDeclaration(declaration)) return `get_${propertyName(declaration.name)}`;
  if (ts.isSetAccessorDeclaration(declaration)) return `set_${propertyName(declaration.name)}`;
  const name = (declaration as ts.FunctionLikeDeclaration).name;
  if (name) return propertyName(name as ts.PropertyName);
  const parent = declaration.parent;
  if (ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name)) return parent.name.text;
  if (ts.isPropertyAssignment(parent)) return propertyName(parent.name);
  return 'closure';
}
