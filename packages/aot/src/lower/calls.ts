/** Calls of functions, methods, closures and the runtime library. */
import * as ts from 'typescript';
import { docTag } from '../frontend/program.js';
import { cType, isReference, type Kind, optional } from '../kinds.js';
import type { ClassInstance, Environment, FunctionInstance, Parameter, Value } from '../model.js';
import { emptyEnvironment, isNullish } from '../types.js';
import { hasModifier } from '../world.js';
import { appendAll, newArray, push } from './aggregates.js';
import { type Body, elementPlace, undefinedValue } from './body.js';
import { builtinCall, builtinMethod } from './builtins.js';
import { checkContainers, convert } from './convert.js';
import { hasEffects, lower, questionDot, skipParentheses } from './expressions.js';
import { knownFunction } from './functions.js';
import { superCall } from './new.js';
import { elementAccess, readField } from './property.js';

const S = ts.SyntaxKind;

// Runtime library --------------------------------------------------------------------------------------------------------

/** Calls an exported function of the runtime; missing trailing arguments are undefined. */
export function callRuntime(
  body: Body,
  name: string,
  args: Value[],
  node: ts.Node,
  typeKinds: Kind[] = [],
): Value {
  const world = body.world;
  const declaration = world.runtimeFunction(name, node);
  const environment = world.bind(declaration.typeParameters, typeKinds, emptyEnvironment);
  const instance = world.functionInstance(declaration, environment, undefined);
  const passed = instance.parameters.map((p, i) => {
    const arg = args[i];
    if (arg) return convert(body, arg, p.kind, node).c;
    return isReference(p.kind) ? '((ref)0)' : '0';
  });
  return body.call({ how: 'direct', instance }, passed, instance.result);
}

// Arguments --------------------------------------------------------------------------------------------------------------

/** Lowers call arguments for natural parameters, filling omitted and rest ones. */
export function lowerArguments(
  body: Body,
  parameters: readonly Parameter[],
  nodes: readonly ts.Expression[],
  calleeEnvironment: Environment,
  node: ts.Node,
  signature: ts.Signature | undefined,
): string[] {
  const result: string[] = [];
  const effects = nodes.map(hasEffects);
  const settled = (value: Value, i: number): Value =>
    value.variable && effects.slice(i + 1).some((e) => e) ? body.settle(value) : value;
  const typeAt = (i: number): ts.Type | undefined => {
    const symbol = signature?.getParameters()[i];
    return symbol && body.world.checker.getTypeOfSymbol(symbol);
  };
  let i = 0;
  for (const parameter of parameters) {
    if (parameter.rest) {
      const type = parameter.declaration
        ? body.world.checker.getTypeAtLocation(parameter.declaration)
        : undefined;
      const kind = type
        ? body.world.types.elementKind(body.world.types.receiver(type), calleeEnvironment)
        : 'val';
      const rest = nodes.slice(i);
      const only = rest[0];
      if (
        rest.length === 1 &&
        only &&
        ts.isSpreadElement(only) &&
        body.world.types.isArray(body.typeOf(only.expression))
      ) {
        // f(...xs): the callee must not see later changes of xs through its rest array.
        const copy = newArray(body, kind, '0');
        appendAll(body, copy, kind, only.expression);
        result.push(copy.c);
      } else {
        const array = newArray(body, kind, '0');
        for (const arg of rest) {
          if (ts.isSpreadElement(arg)) appendAll(body, array, kind, arg.expression);
          else push(body, array.c, kind, convert(body, lower(body, arg), kind, arg).c);
        }
        result.push(array.c);
      }
      i = nodes.length;
      continue;
    }
    const arg = nodes[i];
    if (!arg) {
      result.push(isReference(parameter.kind) ? '((ref)0)' : '0');
    } else {
      if (ts.isSpreadElement(arg)) return body.refuse('spreadArgument', arg);
      const value = lower(body, arg);
      const type = typeAt(i);
      const inner = skipParentheses(arg);
      if (
        type &&
        parameter.kind === 'ref' &&
        !ts.isArrayLiteralExpression(inner) &&
        !ts.isObjectLiteralExpression(inner)
      ) {
        checkContainers(body, body.typeOf(arg), type, arg);
      }
      result.push(settled(convert(body, settled(value, i), parameter.kind, arg), i).c);
    }
    i++;
  }
  for (; i < nodes.length; i++) lower(body, nodes[i]!);
  return result;
}

/** Kinds of the callee's own type parameters at this call. */
function typeArgumentKinds(
  body: Body,
  declaration: ts.SignatureDeclaration,
  signature: ts.Signature | undefined,
): Kind[] {
  if (!declaration.typeParameters?.length || !signature) return [];
  const types = body.world.checker.getTypeArgumentsForResolvedSignature(signature) ?? [];
  return types.map((t) => body.kindOfType(t));
}

// Calls ------------------------------------------------------------------------------------------------------------------

export function lowerCall(body: Body, node: ts.CallExpression): Value {
  const world = body.world;
  const callee = skipParentheses(node.expression);
  if (callee.kind === S.SuperKeyword) return superCall(body, node);
  if (callee.kind === S.ImportKeyword) return body.refuse('syntax', node, 'import()');
  const signature = world.checker.getResolvedSignature(node);
  if (ts.isIdentifier(callee)) {
    let symbol = world.checker.getSymbolAtLocation(callee);
    if (!symbol) return body.refuse('unresolved', callee, callee.text);
    symbol = world.resolveAlias(symbol);
    const known = knownFunction(body, symbol);
    if (known) {
      const args = lowerArguments(
        body,
        known.instance.parameters,
        node.arguments,
        known.instance.environment,
        node,
        signature,
      );
      return body.call(
        { how: 'direct', instance: known.instance },
        known.self !== undefined ? [known.self, ...args] : args,
        known.instance.result,
      );
    }
    if (symbol.declarations?.every((d) => d.getSourceFile().isDeclarationFile))
      return builtinCall(body, node, callee.text);
    const declaration = implementation(symbol);
    if (declaration) return callDeclaration(body, node, declaration, signature);
  }
  if (ts.isPropertyAccessExpression(callee)) return lowerMethodCall(body, node, callee, signature);
  const closure = body.settle(lower(body, callee));
  questionDot(body, closure, node.questionDotToken);
  return callClosureNode(body, node, closure, signature);
}

export function implementation(symbol: ts.Symbol): ts.FunctionDeclaration | undefined {
  return symbol.declarations?.find(
    (d): d is ts.FunctionDeclaration => ts.isFunctionDeclaration(d) && d.body !== undefined,
  );
}

function callDeclaration(
  body: Body,
  node: ts.CallExpression,
  declaration: ts.FunctionDeclaration,
  signature: ts.Signature | undefined,
): Value {
  const world = body.world;
  const intrinsic = docTag(declaration, 'intrinsic');
  const extern = intrinsic === undefined ? docTag(declaration, 'extern') : undefined;
  const parent = ts.isSourceFile(declaration.parent) ? emptyEnvironment : body.environment;
  const environment = world.bind(
    declaration.typeParameters,
    typeArgumentKinds(body, declaration, signature),
    parent,
  );
  if (intrinsic !== undefined || extern !== undefined)
    return nativeCall(body, node, declaration, environment, intrinsic, extern);
  const instance = world.functionInstance(declaration, environment, undefined);
  const args = lowerArguments(
    body,
    instance.parameters,
    node.arguments,
    environment,
    node,
    signature,
  );
  return body.call({ how: 'direct', instance }, args, instance.result);
}

/** `@intrinsic` and `@extern`: a C call with one register per argument. */
function nativeCall(
  body: Body,
  node: ts.CallExpression,
  declaration: ts.FunctionDeclaration,
  environment: Environment,
  intrinsic: string | undefined,
  extern: string | undefined,
): Value {
  const world = body.world;
  const parameters = world.signatureParameters(declaration, environment);
  const result = world.resultKind(declaration, environment);
  const args = lowerArguments(body, parameters, node.arguments, environment, node, undefined);
  if (intrinsic === 'hashOf' || intrinsic === 'sameValueZero')
    return typedIntrinsic(body, intrinsic, parameters, args, node);
  const name = intrinsic !== undefined ? `ts_${intrinsic}` : extern!;
  if (extern !== undefined && !world.prototypes.has(name)) {
    const list = parameters.map((p) => cType(p.kind)).join(', ') || 'void';
    world.prototypes.set(name, `extern ${cType(result)} ${name}(${list});`);
  }
  const c = `${name}(${args.join(', ')})`;
  if (result === 'void') {
    body.emit(`${c};`);
    if (declaration.type?.kind === S.NeverKeyword) body.emit('__builtin_unreachable();');
    return undefinedValue;
  }
  return body.temp(result, isReference(result) ? `(ref)${c}` : c);
}

function typedIntrinsic(
  body: Body,
  name: string,
  parameters: readonly Parameter[],
  args: string[],
  node: ts.Node,
): Value {
  const kind = parameters[0]?.kind ?? 'val';
  if (name === 'hashOf') {
    if (kind === 'str') return callRuntime(body, 'stringHash', [{ c: args[0]!, kind }], node);
    if (kind === 'val') {
      const result = body.slot('int');
      body.emit(`if (ts_is_str(${args[0]})) {`);
      const h = callRuntime(body, 'stringHash', [{ c: args[0]!, kind: 'str' }], node);
      body.emit(`${result.c} = ${h.c};`);
      body.emit(`} else { ${result.c} = ts_hash_val(${args[0]}); }`);
      return result;
    }
    return body.temp(
      'int',
      kind === 'f64'
        ? `ts_hash_bits(ts_f64_bits(${args[0]} == 0 ? 0 : ${args[0]}))`
        : `ts_hash_bits((uint64_t)${args[0]})`,
    );
  }
  const [a, b] = args;
  switch (kind) {
    case 'str':
      return body.temp('bool', `ts_str_eq(${a}, ${b})`);
    case 'val':
      return body.temp('bool', `(ts_val_eq(${a}, ${b}) || ts_both_nan(${a}, ${b}))`);
    case 'f64':
      return body.temp('bool', `(${a} == ${b} || (${a} != ${a} && ${b} != ${b}))`);
    default:
      return body.temp('bool', `(${a} == ${b})`);
  }
}

/** Calls a member of a class: direct for `super`, else through a selector that becomes direct if it has one target. */
export function callMethod(
  body: Body,
  cls: ClassInstance,
  name: string,
  access: 'call' | 'get' | 'set',
  object: string,
  args: string[],
  direct: boolean,
  environmentOf?: (
    declaration: ts.MethodDeclaration | ts.AccessorDeclaration,
    owner: ClassInstance,
  ) => Environment,
): Value {
  const world = body.world;
  const found = world.findMember(cls, name, access)!;
  const environment = environmentOf
    ? environmentOf(found.declaration, found.owner)
    : found.owner.environment;
  const instance = world.functionInstance(found.declaration, environment, found.owner);
  const overridden = hasOverride(body, cls, name);
  if (direct || !overridden)
    return body.call({ how: 'direct', instance }, [object, ...args], instance.result);
  const selector = world.selector(
    name,
    access,
    instance.parameters.map((p) => p.kind),
    instance.result,
    cls,
    [],
  );
  return body.call({ how: 'selector', selector }, [object, ...args], instance.result);
}

/** May a subclass replace this member? Whole-program knowledge: subclasses are declared in the files of the program. */
function hasOverride(body: Body, cls: ClassInstance, name: string): boolean {
  if (cls.closure || !cls.declaration) return false;
  return body.world.isOverridden(cls.declaration, name);
}

function lowerMethodCall(
  body: Body,
  node: ts.CallExpression,
  callee: ts.PropertyAccessExpression,
  signature: ts.Signature | undefined,
): Value {
  const world = body.world;
  const name = callee.name.text;
  const left = skipParentheses(callee.expression);
  const memberSymbol = world.checker.getSymbolAtLocation(callee.name);
  const member = memberSymbol && world.resolveAlias(memberSymbol);
  if (ts.isIdentifier(left)) {
    const symbol = world.checker.getSymbolAtLocation(left);
    const resolved = symbol && world.resolveAlias(symbol);
    if (resolved && resolved.flags & ts.SymbolFlags.ValueModule && member) {
      const declaration = implementation(member);
      if (declaration) return callDeclaration(body, node, declaration, signature);
    }
    if (
      resolved &&
      resolved.flags & ts.SymbolFlags.Value &&
      resolved.declarations?.every((d) => d.getSourceFile().isDeclarationFile)
    ) {
      return builtinCall(body, node, `${left.text}.${name}`);
    }
  }
  const static_ = member?.declarations?.find(
    (d): d is ts.MethodDeclaration =>
      ts.isMethodDeclaration(d) && hasModifier(d, S.StaticKeyword) && d.body !== undefined,
  );
  if (static_) {
    const environment = world.bind(
      static_.typeParameters,
      typeArgumentKinds(body, static_, signature),
      emptyEnvironment,
    );
    const instance = world.functionInstance(static_, environment, undefined);
    const args = lowerArguments(
      body,
      instance.parameters,
      node.arguments,
      environment,
      node,
      signature,
    );
    return body.call({ how: 'direct', instance }, args, instance.result);
  }
  const isSuper = left.kind === S.SuperKeyword;
  const object = isSuper
    ? body.read(body.lookup('this')!)
    : body.settle(lower(body, callee.expression));
  questionDot(body, object, callee.questionDotToken);
  const type = isSuper ? undefined : world.types.receiver(body.typeOf(callee.expression));
  if (type) {
    const builtin = builtinMethod(body, node, callee, object, type);
    if (builtin) return builtin;
  }
  const cls = isSuper ? body.thisClass?.base : body.classOf(callee.expression);
  if (cls) {
    const found = world.findMember(cls, name, 'call');
    if (found) {
      const environmentOf = (d: ts.SignatureDeclaration, owner: ClassInstance): Environment =>
        world.bind(d.typeParameters, typeArgumentKinds(body, d, signature), owner.environment);
      const environment = environmentOf(found.declaration, found.owner);
      const instance = world.functionInstance(found.declaration, environment, found.owner);
      const args = lowerArguments(
        body,
        instance.parameters,
        node.arguments,
        environment,
        node,
        signature,
      );
      if ((found.declaration.typeParameters?.length ?? 0) > 0 && hasOverride(body, cls, name)) {
        // An overridden generic method runs with mixed words, whatever its type arguments are.
        return callThroughSelector(body, node, name, object, cls, undefined, signature);
      }
      return callMethod(body, cls, name, 'call', object.c, args, isSuper, environmentOf);
    }
    const field = cls.fields.get(name);
    if (field)
      return callClosureNode(
        body,
        node,
        optionalCall(body, node, readField(body, cls, field, object.c)),
        signature,
      );
    if (world.findMember(cls, name, 'get')) {
      const closure = callMethod(body, cls, name, 'get', object.c, [], isSuper);
      return callClosureNode(body, node, optionalCall(body, node, closure), signature);
    }
    return callThroughSelector(body, node, name, object, cls, undefined, signature);
  }
  if (!type || (object.kind !== 'ref' && object.kind !== 'val'))
    return body.refuse('unsupportedMember', callee, `${object.kind}.${name}`);
  if (type.flags & ts.TypeFlags.Any) return body.refuse('anyType', callee.expression);
  if (node.questionDotToken) {
    // o.m?.(): the member itself may be missing, so it is read as a closure.
    const selector = world.selector(
      name,
      'get',
      [],
      'ref',
      undefined,
      interfaceMembers(body, type),
    );
    const closure = body.call({ how: 'selector', selector }, [object.c], 'ref');
    return callClosureNode(body, node, optionalCall(body, node, closure), signature);
  }
  return callThroughSelector(body, node, name, object, undefined, type, signature);
}

function optionalCall(body: Body, node: ts.CallExpression, closure: Value): Value {
  questionDot(body, closure, node.questionDotToken);
  return closure;
}

/** Parameter kinds as a caller through an interface sees them. */
export function signatureKinds(
  body: Body,
  signature: ts.Signature,
): { parameters: Parameter[]; result: Kind } {
  const world = body.world;
  const parameters: Parameter[] = signature.getParameters().map((symbol) => {
    const declaration = symbol.valueDeclaration;
    const parameter = declaration && ts.isParameter(declaration) ? declaration : undefined;
    const isOptional =
      parameter?.questionToken !== undefined || parameter?.initializer !== undefined;
    const rest = parameter?.dotDotDotToken !== undefined;
    const kind = rest ? 'ref' : body.kindOfType(world.checker.getTypeOfSymbol(symbol));
    return {
      kind: isOptional ? optional(kind) : kind,
      optional: isOptional,
      rest,
      declaration: parameter,
    };
  });
  const declaration = signature.getDeclaration();
  const result = world.returnKind(signature.getReturnType(), declaration, body.environment);
  return { parameters, result };
}

function callThroughSelector(
  body: Body,
  node: ts.CallExpression,
  name: string,
  object: Value,
  root: ClassInstance | undefined,
  type: ts.Type | undefined,
  signature: ts.Signature | undefined,
): Value {
  if (!signature) return body.refuse('unsupportedMember', node, name);
  const { parameters, result } = signatureKinds(body, signature);
  const args = lowerArguments(body, parameters, node.arguments, body.environment, node, signature);
  const selector = body.world.selector(
    name,
    'call',
    parameters.map((p) => p.kind),
    result,
    root,
    type ? interfaceMembers(body, type) : [],
  );
  return body.call({ how: 'selector', selector }, [object.c, ...args], result);
}

/** For a receiver without a class: the member names its objects must have, one list per union member. */
export function interfaceMembers(body: Body, type: ts.Type): string[][] {
  const lists = (type.isUnion() ? type.types : [type])
    .filter((t) => !isNullish(t))
    .map((t) => {
      const resolved = body.world.types.receiver(t);
      return body.world.checker
        .getPropertiesOfType(resolved)
        .filter((p) => !(p.flags & ts.SymbolFlags.Optional))
        .map((p) => memberKey(p))
        .sort();
    });
  const unique = new Map(lists.map((list) => [list.join('.'), list]));
  return [...unique.values()];
}

function memberKey(symbol: ts.Symbol): string {
  const declaration = symbol.declarations?.[0];
  const name = declaration && ts.getNameOfDeclaration(declaration);
  return name && ts.isComputedPropertyName(name) ? name.getText() : symbol.name;
}

// Closures ---------------------------------------------------------------------------------------------------------------

function callClosureNode(
  body: Body,
  node: ts.CallExpression,
  closure: Value,
  signature: ts.Signature | undefined,
): Value {
  if (!signature) return body.refuse('unsupportedMember', node, 'this call');
  const { parameters, result } = signatureKinds(body, signature);
  const words: Value[] = [];
  const f = body.settle(closure);
  node.arguments.forEach((arg, i) => {
    if (ts.isSpreadElement(arg)) body.refuse('spreadArgument', arg);
    const parameter = parameters[Math.min(i, parameters.length - 1)];
    const value = lower(body, arg);
    const kind = parameter && !parameter.rest ? parameter.kind : value.kind;
    words.push(
      body.settle(
        convert(body, convert(body, value, kind === 'void' ? value.kind : kind, arg), 'val', arg),
      ),
    );
  });
  return callClosure(body, f, words, result, node);
}

/** Universal call: arguments and result are mixed words. */
export function callClosure(
  body: Body,
  closure: Value,
  words: Value[],
  result: Kind,
  node: ts.Node,
): Value {
  if (words.length > 8) return body.refuse('closureArity', node, '8');
  const args = words.map((w) => w.c);
  const given = String(args.length);
  while (args.length < 4) args.push('((ref)0)');
  const word = body.call({ how: 'closure' }, [closure.c, given, ...args], 'val');
  if (result === 'void') return undefinedValue;
  return convert(body, word, result, node);
}

// Iteration --------------------------------------------------------------------------------------------------------------

/** Runs `each` for every element of an iterable expression (spread, Array.from): arrays, strings, Map, Set, their views. */
export function elementsOf(body: Body, source: ts.Expression, each: (item: Value) => void): void {
  iterate(body, source, each, undefined, undefined);
}

/** The loop behind `for..of` and spread. Labels for break and continue are placed by the loop itself. */
export function iterate(
  body: Body,
  source: ts.Expression,
  each: (item: Value, type: ts.Type) => void,
  breakTo: string | undefined,
  continueTo: string | undefined,
): void {
  const world = body.world;
  const inner = skipParentheses(source);
  let view = '';
  let subject: ts.Expression = source;
  if (
    ts.isCallExpression(inner) &&
    ts.isPropertyAccessExpression(inner.expression) &&
    inner.arguments.length === 0
  ) {
    const name = inner.expression.name.text;
    const receiver = world.types.receiver(body.typeOf(inner.expression.expression));
    const library = world.types.libraryName(receiver) ?? '';
    if (
      (name === 'keys' || name === 'values' || name === 'entries') &&
      /^(Readonly)?(Map|Set|Array)$/.test(library)
    ) {
      view = name;
      subject = inner.expression.expression;
    }
  }
  const type = world.types.receiver(body.typeOf(subject));
  const object = body.settle(lower(body, subject));
  const end = (): void => {
    if (breakTo) body.place(breakTo);
  };
  const next = (): void => {
    if (continueTo) body.place(continueTo);
  };
  const access = elementAccess(body, type);
  if (access) {
    const elementType = world.types.elementTypes(type)?.[0] ?? world.checker.getNumberType();
    const index = body.unique('i');
    const length = world.types.isArray(type)
      ? `ts_arr_len(${object.c})`
      : `ts_view_length(${object.c}, ${viewWidth(body, type)})`;
    body.emit(`for (int64_t ${index} = 0; ${index} < ${length}; ${index}++) {`);
    if (view === 'keys') each({ c: index, kind: 'int' }, world.checker.getNumberType());
    else if (view === 'entries')
      each(
        pair(body, { c: index, kind: 'int' }, access.read(object.c, index), source),
        pairType(body, source),
      );
    else each(access.read(object.c, index), elementType);
    next();
    body.emit('}');
    end();
    return;
  }
  if (object.kind === 'str') {
    const index = body.unique('i');
    body.emit(`for (int64_t ${index} = 0; ${index} < ts_str_len(${object.c});) {`);
    const until = callRuntime(
      body,
      'stringCodePointEnd',
      [object, { c: index, kind: 'int' }],
      source,
    );
    const piece = callRuntime(
      body,
      'stringSlice',
      [object, { c: index, kind: 'int' }, until],
      source,
    );
    body.emit(`${index} = ${until.c};`);
    each(piece, world.checker.getStringType());
    next();
    body.emit('}');
    end();
    return;
  }
  const library = (world.types.libraryName(type) ?? '').replace('Readonly', '');
  if (library === 'Map' || library === 'Set') {
    const cls = world.classOf(type, body.environment)!;
    const method = (name: string, args: string[]): Value =>
      callMethod(body, cls, name, 'call', object.c, args, false);
    const cursor = body.unique('i');
    body.emit(`int64_t ${cursor} = 0;`);
    body.emit('for (;;) {');
    const at = method('nextIndex', [cursor]);
    body.emit(`if (${at.c} < 0) break;`);
    body.emit(`${cursor} = ${at.c} + 1;`);
    const typeArguments = world.checker.getTypeArguments(type as ts.TypeReference);
    const keyType = typeArguments[0] ?? world.checker.getUndefinedType();
    const valueType = typeArguments[1] ?? keyType;
    if (library === 'Set' || view === 'keys') {
      const key = method('keyAt', [at.c]);
      if (view === 'entries') each(pair(body, key, key, source), pairType(body, source));
      else each(key, keyType);
    } else if (view === 'values') each(method('valueAt', [at.c]), valueType);
    else {
      const key = method('keyAt', [at.c]);
      each(pair(body, key, method('valueAt', [at.c]), source), pairType(body, source));
    }
    next();
    body.emit('}');
    end();
    return;
  }
  iterateProtocol(body, source, type, object, each, next, end);
}

function viewWidth(body: Body, type: ts.Type): number {
  const name = body.world.types.libraryName(type) ?? '';
  return /64/.test(name) ? 8 : /32/.test(name) ? 4 : /16/.test(name) ? 2 : 1;
}

/** The element type of an iterable as the checker sees it. */
function pairType(body: Body, source: ts.Expression): ts.Type {
  const type = body.typeOf(source);
  const iterator = body.world.checker
    .getPropertiesOfType(type)
    .find((p) => p.name.startsWith('__@iterator'));
  const method = iterator && body.world.checker.getTypeOfSymbol(iterator).getCallSignatures()[0];
  const result = method?.getReturnType();
  const argument = result && body.world.checker.getTypeArguments(result as ts.TypeReference)[0];
  return argument ?? type;
}

function pair(body: Body, a: Value, b: Value, node: ts.Node): Value {
  const type = pairType(body, node as ts.Expression);
  const kind = body.world.types.isArray(type)
    ? body.world.types.elementKind(type, body.environment)
    : 'val';
  const x = body.settle(convert(body, a, kind, node));
  const y = body.settle(convert(body, b, kind, node));
  const array = newArray(body, kind, '2');
  body.emit(`${elementPlace(kind, `(TS_STORAGE((struct ts_arr *)${array.c}) + 0)`)} = ${x.c};`);
  body.emit(`${elementPlace(kind, `(TS_STORAGE((struct ts_arr *)${array.c}) + 8)`)} = ${y.c};`);
  return array;
}

/** `[Symbol.iterator]()` and `next()` of own iterators and generators. */
function iterateProtocol(
  body: Body,
  source: ts.Expression,
  type: ts.Type,
  object: Value,
  each: (item: Value, type: ts.Type) => void,
  next: () => void,
  end: () => void,
): void {
  const world = body.world;
  const checker = world.checker;
  const symbol = checker.getPropertiesOfType(type).find((p) => p.name.startsWith('__@iterator'));
  const iteratorType =
    symbol && checker.getTypeOfSymbol(symbol).getCallSignatures()[0]?.getReturnType();
  if (!iteratorType) body.refuse('syntax', source, 'iteration over this value');
  const cls = world.classOf(type, body.environment);
  const iterator =
    cls && world.findMember(cls, '[Symbol.iterator]', 'call')
      ? callMethod(body, cls, '[Symbol.iterator]', 'call', object.c, [], false)
      : body.call(
          {
            how: 'selector',
            selector: world.selector('[Symbol.iterator]', 'call', [], 'ref', undefined, [
              ['[Symbol.iterator]'],
            ]),
          },
          [object.c],
          'ref',
        );
  const nextSymbol = checker.getPropertyOfType(iteratorType, 'next');
  const resultType =
    nextSymbol && checker.getTypeOfSymbol(nextSymbol).getCallSignatures()[0]?.getReturnType();
  if (!resultType) body.refuse('syntax', source, 'iteration over this value');
  const valueSymbol = checker.getPropertyOfType(resultType, 'value');
  const elementType = pairType(body, source);
  let valueKind: Kind = valueSymbol ? body.kindOfType(checker.getTypeOfSymbol(valueSymbol)) : 'val';
  if (valueKind === 'void') valueKind = 'ref';
  const results = [['done', 'value']];
  body.emit('for (;;) {');
  const step = body.call(
    { how: 'selector', selector: world.selector('next', 'call', [], 'ref', undefined, [['next']]) },
    [iterator.c],
    'ref',
  );
  const done = body.call(
    { how: 'selector', selector: world.selector('done', 'get', [], 'val', undefined, [['value']]) },
    [step.c],
    'val',
  );
  body.emit(`if (ts_val_truthy(${done.c})) break;`);
  void results;
  const value = body.call(
    {
      how: 'selector',
      selector: world.selector('value', 'get', [], 'val', undefined, [['value']]),
    },
    [step.c],
    'val',
  );
  const kind = body.kindOfType(elementType);
  each(convert(body, value, kind === 'void' ? 'val' : kind, source), elementType);
  next();
  body.emit('}');
  end();
}

export type { FunctionInstance };
