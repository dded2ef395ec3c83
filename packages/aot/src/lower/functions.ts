/** Function bodies and closures. */
import * as ts from 'typescript';
import { cType, isReference, type Kind } from '../kinds.js';
import type { FunctionInstance, Value } from '../model.js';
import type { World } from '../world.js';
import { memberName } from '../world.js';
import { bindPattern, withDefault } from './assign.js';
import { Body } from './body.js';
import { isStaticFunction, needsBox } from './captures.js';
import { convert } from './convert.js';
import { lower, lowerInto } from './expressions.js';
import { lowerConstructorBody } from './new.js';
import { variableKindOf } from './number-kind.js';
import { lowerBlock } from './statements.js';

/** Fills `instance.items`. */
export function lowerFunction(world: World, instance: FunctionInstance): void {
  const body = new Body(world, instance, undefined);
  if (instance.custom) {
    instance.custom(body);
    return;
  }
  const declaration = instance.declaration as ts.FunctionLikeDeclaration | undefined;
  if (!declaration?.body) return;
  if (instance.thisClass) body.variables.set('this', { c: 'self', kind: 'ref', boxed: false });
  lowerInside(body, declaration);
}

function lowerInside(body: Body, declaration: ts.FunctionLikeDeclaration): void {
  if (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Async)
    body.refuse('asyncCode', declaration);
  if (declaration.asteriskToken) body.refuse('syntax', declaration, 'a generator function');
  body.at(declaration);
  declareParameters(body, declaration);
  if (ts.isConstructorDeclaration(declaration)) {
    lowerConstructorBody(body, body.thisClass!, declaration);
    return;
  }
  const block = declaration.body!;
  if (ts.isBlock(block)) {
    lowerBlock(body, block.statements);
    if (body.fn.result === 'void') body.emit({ op: 'return', value: '' });
    else if (isReference(body.fn.result)) body.emit({ op: 'return', value: '((ref)0)' });
    else body.emit('__builtin_unreachable();');
    return;
  }
  if (body.fn.result === 'void') {
    lower(body, block);
    body.emit({ op: 'return', value: '' });
  } else {
    const value = lowerInto(body, block, returnType(body, declaration, block), body.fn.result);
    body.emit({ op: 'return', value: value.c });
  }
}

export function returnType(
  body: Body,
  declaration: ts.SignatureDeclaration,
  expression: ts.Expression,
): ts.Type {
  const signature = body.world.checker.getSignatureFromDeclaration(declaration);
  return signature ? signature.getReturnType() : body.typeOf(expression);
}

export function parameterName(index: number): string {
  return `p${index}`;
}

function declareParameters(body: Body, declaration: ts.FunctionLikeDeclaration): void {
  body.fn.parameters.forEach((parameter, i) => {
    const node = parameter.declaration;
    if (!node) return;
    const passed: Value = { c: parameterName(i), kind: parameter.kind };
    let value = passed;
    const type = body.typeOf(node);
    if (node.initializer) {
      let kind = body.kindOfType(type);
      if (kind === 'int' || kind === 'u64' || kind === 'i64')
        kind = !node.type ? body.kindOf(node.initializer) : kind;
      value = withDefault(body, passed, node.initializer, kind, node);
    }
    bindPattern(body, node.name, value, type, (identifier, item) =>
      defineVariable(body, identifier, item, item.kind),
    );
  });
  void declaration;
}

/** Declares a local variable with a first value. */
export function defineVariable(
  body: Body,
  identifier: ts.Identifier,
  value: Value,
  kind: Kind,
): void {
  let symbol = body.world.checker.getSymbolAtLocation(identifier);
  const owner = identifier.parent;
  if (ts.isParameter(owner) && ts.isParameterPropertyDeclaration(owner, owner.parent)) {
    // The name means the field too; uses in the constructor mean the parameter.
    symbol = body.world.checker
      .getSymbolsOfParameterPropertyDeclaration(owner, identifier.text)
      .find((s) => s.flags & ts.SymbolFlags.FunctionScopedVariable);
  }
  if (!symbol) body.refuse('unresolved', identifier, identifier.text);
  const converted = convert(body, value, kind, identifier);
  const variable = body.declare(symbol, kind, needsBox(body.world, symbol));
  body.write(variable, converted.c);
}

// Closures ---------------------------------------------------------------------------------------------------------------

/** Creates the closure object of a function expression; `symbol` is the const it initialises, for direct calls. */
export function closureValue(
  body: Body,
  node: ts.ArrowFunction | ts.FunctionExpression | ts.MethodDeclaration | ts.FunctionDeclaration,
  symbol?: ts.Symbol,
): Value {
  const world = body.world;
  const environment = world.methodEnvironment(node, body.environment);
  const name = `${body.fn.displayName}_${memberName(node)}`;
  const instance = world.newFunction({
    cname: world.uniqueName(`${body.fn.module.name}_${name}`),
    displayName: name,
    module: body.fn.module,
    declaration: node,
    environment,
    thisClass: undefined,
    self: true,
    parameters: world.signatureParameters(node, environment),
    result: world.resultKind(node, environment),
    entrySymbol: undefined,
    custom: undefined,
  });
  instance.lowered = true;
  if (
    instance.result === 'f64' &&
    !node.type &&
    !ts.isFunctionDeclaration(node) &&
    !ts.isMethodDeclaration(node)
  ) {
    // The caller reads the result as the type says: a plain number.
    const context = world.checker.getContextualType(node);
    const signature = context && world.types.nonNull(context).getCallSignatures()[0];
    const wanted = signature && body.kindOfType(signature.getReturnType());
    if (wanted === 'int')
      return body.refuse('floatToInt', node, 'write the result type: (...): f64 =>');
  }
  const entry = { instance, creates: undefined as string | undefined };
  if (symbol) body.known.set(symbol, entry);
  const own =
    ts.isFunctionExpression(node) && node.name
      ? world.checker.getSymbolAtLocation(node.name)
      : undefined;
  const child = new Body(world, instance, body);
  if (own) {
    child.variables.set(own, { c: 'self', kind: 'ref', boxed: false });
    child.known.set(own, entry);
  }
  lowerInside(child, node);
  world.universal.add(instance);
  if (child.captures.length === 0) {
    entry.creates = 'static';
    return functionValue(body, instance);
  }
  const cls = world.newClass(
    `closure_${name}`,
    body.fn.module,
    undefined,
    environment,
    undefined,
    true,
  );
  for (const capture of child.captures) {
    world.addField(
      cls,
      capture.fieldName,
      capture.variable.boxed ? 'ref' : capture.variable.kind,
      undefined,
    );
  }
  world.finishLayout(cls);
  world.allocate(cls);
  const place = (object: string, field: string): string =>
    `((struct ${cls.cname} *)${object})->${cls.fields.get(field)!.cname}`;
  const prologue = child.captures.map((capture) => {
    const type = capture.variable.boxed ? 'ref' : cType(capture.variable.kind);
    return `${type} ${capture.variable.c} = ${place('self', capture.fieldName)};`;
  });
  instance.items.unshift(...prologue);
  const object = body.temp('ref', `ts_alloc(@id${cls.index}@, ${world.sizeOf(cls)})`);
  body.emit(`((struct ts_clo *)${object.c})->code = (void *)u_${instance.cname};`);
  for (const capture of child.captures)
    body.emit(`${place(object.c, capture.fieldName)} = ${capture.outer.c};`);
  return object;
}

/** The static closure object of a function that captures nothing. */
export function functionValue(body: Body, instance: FunctionInstance): Value {
  const world = body.world;
  world.universal.add(instance);
  const name = `fv_${instance.cname}`;
  if (!world.prototypes.has(name)) {
    world.prototypes.set(name, `extern struct ts_clo ${name};`);
    world.staticClosures.push(instance);
  }
  return { c: `((ref)&${name})`, kind: 'ref' };
}

/** A function value whose code is known here, for a direct call. */
export function knownFunction(
  body: Body,
  symbol: ts.Symbol,
): { instance: FunctionInstance; self: string | undefined } | undefined {
  const known = body.lookupKnown(symbol);
  if (!known) return undefined;
  if (known.creates === 'static') return { instance: known.instance, self: '((ref)0)' };
  if (body.fn === known.instance) return { instance: known.instance, self: 'self' };
  const variable = body.lookup(symbol);
  if (!variable) return undefined;
  const value = body.read(variable);
  return { instance: known.instance, self: value.c };
}

/** Function declarations of a block exist from its start. */
export function hoistFunctions(body: Body, statements: readonly ts.Statement[]): void {
  const world = body.world;
  const nested: { node: ts.FunctionDeclaration; symbol: ts.Symbol }[] = [];
  for (const statement of statements) {
    if (
      ts.isFunctionDeclaration(statement) &&
      statement.body &&
      statement.name &&
      !isStaticFunction(world, statement)
    ) {
      nested.push({ node: statement, symbol: world.checker.getSymbolAtLocation(statement.name)! });
    } else if (ts.isVariableStatement(statement)) {
      for (const declaration of statement.declarationList.declarations)
        predeclare(body, declaration.name);
    }
  }
  for (const { symbol } of nested) body.declare(symbol, 'ref', needsBox(world, symbol));
  for (const { node, symbol } of nested) {
    const closure = closureValue(body, node, symbol);
    body.write(body.variables.get(symbol)!, closure.c);
  }
}

/** Boxes of variables that closures see before their declaration runs. */
function predeclare(body: Body, name: ts.BindingName): void {
  if (!ts.isIdentifier(name)) {
    for (const element of name.elements)
      if (!ts.isOmittedExpression(element)) predeclare(body, element.name);
    return;
  }
  const symbol = body.world.checker.getSymbolAtLocation(name);
  if (!symbol || !needsBox(body.world, symbol)) return;
  body.declare(symbol, variableKind(body, name), true);
}

/** Kind of a declared local: its annotation's, else its initialiser's. */
export function variableKind(body: Body, name: ts.Identifier): Kind {
  const declaration = name.parent as ts.VariableDeclaration | ts.BindingElement;
  const type = body.typeOf(name);
  let kind = body.kindOfType(type);
  if (kind === 'void') kind = 'ref';
  if (
    (kind === 'int' || kind === 'u64' || kind === 'i64') &&
    ts.isVariableDeclaration(declaration) &&
    !declaration.type &&
    declaration.initializer
  ) {
    kind = variableKindOf(body.world, declaration, body.environment);
  }
  return kind;
}
