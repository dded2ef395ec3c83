/** Reading properties and elements; module variables and statics. */
import * as ts from 'typescript';
import { cType, isReference, type Kind, storageTypes, viewTypes } from '../kinds.js';
import type { ClassInstance, Field, GlobalVariable, Value } from '../model.js';
import { emptyEnvironment } from '../types.js';
import { hasModifier, propertyName } from '../world.js';
import { type Body, elementPlace } from './body.js';
import { callMethod, callRuntime, interfaceMembers } from './calls.js';
import { constantValue, enumValue, evaluate, floatText } from './constants.js';
import { convert } from './convert.js';
import { lower, lowerAs, lowerOperands, questionDot, readSymbol } from './expressions.js';
import { numberKind, variableKindOf } from './number-kind.js';
import { stringConstant } from './strings.js';

// Module variables and statics -------------------------------------------------------------------------------------------

/** The C variable of a module-level or static declaration; its initialiser joins the program when first mentioned. */
export function globalFor(
  body: Body,
  declaration: ts.VariableDeclaration | ts.BindingElement | ts.PropertyDeclaration,
): GlobalVariable {
  const world = body.world;
  const known = world.statics.get(declaration);
  if (known) return known;
  const module = world.moduleOf(declaration);
  const type = world.checker.getTypeAtLocation(declaration);
  let kind = world.types.kindOf(type, emptyEnvironment);
  if (
    ts.isPropertyDeclaration(declaration)
      ? !declaration.type
      : ts.isVariableDeclaration(declaration) && !declaration.type
  ) {
    const initializer = declaration.initializer;
    if (initializer && (kind === 'int' || kind === 'u64' || kind === 'i64')) {
      kind = ts.isVariableDeclaration(declaration)
        ? variableKindOf(world, declaration, emptyEnvironment)
        : numberKind(world, initializer, emptyEnvironment);
    }
  }
  const owner =
    ts.isPropertyDeclaration(declaration) && ts.isClassLike(declaration.parent)
      ? `${declaration.parent.name?.text ?? ''}_`
      : '';
  const name = propertyName(declaration.name as ts.PropertyName);
  let initial = '0';
  let constant = false;
  if (declaration.initializer && !ts.isBindingElement(declaration)) {
    const value = evaluate(world, declaration.initializer);
    if (value !== undefined) {
      const c =
        typeof value === 'number' && kind === 'f64'
          ? floatText(value)
          : constantValue(value, kind)?.c;
      if (c !== undefined && !isReference(kind)) {
        initial = c;
        constant = true;
      }
    } else if (ts.isStringLiteralLike(declaration.initializer) && kind === 'str') {
      initial = stringConstant(body, declaration.initializer.text).c;
      constant = true;
    }
  }
  const global: GlobalVariable = {
    cname: world.uniqueName(`${module.name}_${owner}${name}`),
    kind,
    module,
    initial,
  };
  world.statics.set(declaration, global);
  module.globals.push(global);
  world.prototypes.set(global.cname, `extern ${cType(kind)} ${global.cname};`);
  if (!constant) world.requestInitialiser(declaration);
  return global;
}

/** Reads a module-level variable; constants become literals. */
export function readStatic(
  body: Body,
  symbol: ts.Symbol,
  declaration: ts.VariableDeclaration | ts.BindingElement,
): Value {
  if (
    ts.isVariableDeclaration(declaration) &&
    declaration.initializer &&
    ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const
  ) {
    const constant = evaluate(body.world, declaration.initializer);
    if (constant !== undefined) {
      const kind =
        typeof constant === 'number'
          ? numberKind(body.world, declaration.initializer, emptyEnvironment)
          : undefined;
      const declared = body.world.types.kindOf(
        body.world.checker.getTypeOfSymbol(symbol),
        emptyEnvironment,
      );
      const value = constantValue(constant, declared === 'f64' ? 'f64' : kind);
      if (value) return value;
    }
    const initializer = declaration.initializer;
    if (ts.isStringLiteralLike(initializer)) return stringConstant(body, initializer.text);
  }
  const global = globalFor(body, declaration);
  return body.temp(global.kind, global.cname);
}

function staticMember(body: Body, symbol: ts.Symbol | undefined): ts.Declaration | undefined {
  const declaration = symbol?.valueDeclaration;
  void body;
  return declaration &&
    ts.isClassElement(declaration) &&
    hasModifier(declaration, ts.SyntaxKind.StaticKeyword)
    ? declaration
    : undefined;
}

// Fields -----------------------------------------------------------------------------------------------------------------

export function fieldPlace(cls: ClassInstance, field: Field, object: string): string {
  return `((struct ${cls.cname} *)${object})->${field.cname}`;
}

export function readField(body: Body, cls: ClassInstance, field: Field, object: string): Value {
  return body.temp(field.kind, fieldPlace(cls, field, object));
}

/** The C value to store into a field, range-checked for narrow storage. */
export function fieldValue(body: Body, field: Field, c: string): string {
  if (field.storage === 'word' || field.storage === 'f32') return c;
  const { low, high } = storageTypes[field.storage];
  return `ts_fit(${c}, INT64_C(${low}), INT64_C(${high}), ${body.site})`;
}

export function lowerProperty(body: Body, node: ts.PropertyAccessExpression): Value {
  const world = body.world;
  const constant = enumValue(world, node);
  if (typeof constant === 'number') {
    const value = constantValue(constant, Number.isInteger(constant) ? 'int' : 'f64');
    if (value) return value;
  }
  if (typeof constant === 'string') return stringConstant(body, constant);
  let symbol = world.checker.getSymbolAtLocation(node.name);
  const name = node.name.text;
  // ns.x, where ns is a module
  if (ts.isIdentifier(node.expression)) {
    const left = world.checker.getSymbolAtLocation(node.expression);
    const resolved = left && world.resolveAlias(left);
    if (resolved && resolved.flags & ts.SymbolFlags.ValueModule && symbol)
      return readSymbol(body, world.resolveAlias(symbol), node);
    if (resolved && resolved.declarations?.every((d) => d.getSourceFile().isDeclarationFile)) {
      const library = libraryConstant(resolved.name, name);
      if (library) return library;
    }
  }
  if (symbol) symbol = world.resolveAlias(symbol);
  const static_ = staticMember(body, symbol);
  if (static_) {
    if (ts.isPropertyDeclaration(static_)) {
      const global = globalFor(body, static_);
      return body.temp(global.kind, global.cname);
    }
    if (ts.isGetAccessorDeclaration(static_)) {
      const instance = world.functionInstance(static_, emptyEnvironment, undefined);
      return body.call({ how: 'direct', instance }, [], instance.result);
    }
    return body.refuse('methodValue', node, name);
  }
  const object = body.settle(lower(body, node.expression));
  questionDot(body, object, node.questionDotToken);
  return readMember(body, node, object, name);
}

function readMember(
  body: Body,
  node: ts.PropertyAccessExpression,
  object: Value,
  name: string,
): Value {
  const world = body.world;
  const type = world.types.receiver(body.typeOf(node.expression));
  const kind = body.kindOfType(type);
  if (kind === 'str' && name === 'length') return body.temp('int', `ts_str_len(${object.c})`);
  if (world.types.isArray(type) && name === 'length')
    return body.temp('int', `ts_arr_len(${object.c})`);
  const view = viewMember(body, type, object, name);
  if (view) return view;
  const cls =
    node.expression.kind === ts.SyntaxKind.SuperKeyword
      ? body.thisClass?.base
      : body.classOf(node.expression);
  if (cls) {
    const field = cls.fields.get(name);
    if (field) return readField(body, cls, field, object.c);
    const getter = world.findMember(cls, name, 'get');
    if (getter)
      return callMethod(
        body,
        cls,
        name,
        'get',
        object.c,
        [],
        node.expression.kind === ts.SyntaxKind.SuperKeyword,
      );
    const declaration = world.checker.getSymbolAtLocation(node.name)?.valueDeclaration;
    if (
      declaration &&
      (ts.isGetAccessorDeclaration(declaration) || ts.isPropertyDeclaration(declaration))
    ) {
      return abstractGet(body, cls, name, node, object);
    }
    return body.refuse('methodValue', node, name);
  }
  if (kind !== 'ref' && kind !== 'val')
    return body.refuse('unsupportedMember', node, `${kind}.${name}`);
  if (type.flags & ts.TypeFlags.Any) return body.refuse('anyType', node.expression);
  return interfaceGet(body, node, type, object, name);
}

function abstractGet(
  body: Body,
  cls: ClassInstance,
  name: string,
  node: ts.Expression,
  object: Value,
): Value {
  const kind = body.kindOf(node);
  const selector = body.world.selector(name, 'get', [], kind, cls, []);
  return body.call({ how: 'selector', selector }, [object.c], kind);
}

function interfaceGet(
  body: Body,
  node: ts.Expression,
  type: ts.Type,
  object: Value,
  name: string,
): Value {
  // The declared kind, before control flow narrows it: that is what the objects hold.
  const property = body.world.checker.getPropertyOfType(type, name);
  const declared = property
    ? body.kindOfType(body.world.checker.getTypeOfSymbol(property))
    : body.kindOf(node);
  const kind =
    property && property.flags & ts.SymbolFlags.Optional && !isReference(declared)
      ? 'val'
      : declared;
  const selector = body.world.selector(
    name,
    'get',
    [],
    kind,
    undefined,
    interfaceMembers(body, type),
  );
  return body.call({ how: 'selector', selector }, [object.c], kind);
}

function viewMember(body: Body, type: ts.Type, object: Value, name: string): Value | undefined {
  const library = body.world.types.libraryName(type);
  if (library === undefined) return undefined;
  const view = viewTypes.get(library);
  if (!view && library !== 'DataView' && !library.startsWith('ArrayBuffer')) return undefined;
  const v = `((struct ts_view *)${object.c})`;
  switch (name) {
    case 'length':
      return view
        ? body.temp(
            'int',
            view.width === 1 ? `${v}->byteLength` : `${v}->byteLength / ${view.width}`,
          )
        : undefined;
    case 'byteLength':
      return body.temp('int', `${v}->byteLength`);
    case 'byteOffset':
      return body.temp('int', `ts_view_offset(${object.c})`);
    case 'buffer':
      return body.temp('ref', `ts_view_buffer(${object.c})`);
    case 'BYTES_PER_ELEMENT':
      return view ? { c: `INT64_C(${view.width})`, kind: 'int' } : undefined;
  }
  return undefined;
}

function libraryConstant(object: string, name: string): Value | undefined {
  const int = (n: number): Value => ({ c: `INT64_C(${n})`, kind: 'int' });
  const float = (n: number): Value => ({ c: floatText(n), kind: 'f64' });
  const view = viewTypes.get(object);
  if (view && name === 'BYTES_PER_ELEMENT') return int(view.width);
  if (object === 'Number') {
    if (name === 'MAX_SAFE_INTEGER') return int(Number.MAX_SAFE_INTEGER);
    if (name === 'MIN_SAFE_INTEGER') return int(Number.MIN_SAFE_INTEGER);
    const value = (Number as unknown as Record<string, unknown>)[name];
    if (typeof value === 'number') return float(value);
  }
  if (object === 'Math') {
    const value = (Math as unknown as Record<string, unknown>)[name];
    if (typeof value === 'number') return float(value);
  }
  return undefined;
}

// Elements ---------------------------------------------------------------------------------------------------------------

export function lowerElement(body: Body, node: ts.ElementAccessExpression): Value {
  const world = body.world;
  const constant = enumValue(world, node);
  if (typeof constant === 'number') {
    const value = constantValue(constant, 'int');
    if (value) return value;
  }
  if (typeof constant === 'string') return stringConstant(body, constant);
  const type = world.types.receiver(body.typeOf(node.expression));
  const enumSymbol = ts.isIdentifier(node.expression)
    ? world.checker.getSymbolAtLocation(node.expression)
    : undefined;
  if (enumSymbol && world.resolveAlias(enumSymbol).flags & ts.SymbolFlags.RegularEnum)
    return enumName(body, node, world.resolveAlias(enumSymbol));
  const element = elementAccess(body, type);
  if (!element) {
    if (body.kindOfType(type) === 'str') {
      const [text, index] = lowerOperands(body, [node.expression, node.argumentExpression]);
      questionDot(body, text!, node.questionDotToken);
      return callRuntime(body, 'stringAt', [text!, convert(body, index!, 'int', node)], node);
    }
    return body.refuse('dynamicProperty', node);
  }
  if (node.questionDotToken) {
    const object = body.settle(lower(body, node.expression));
    questionDot(body, object, node.questionDotToken);
    return element.read(object.c, lowerAs(body, node.argumentExpression, 'int').c);
  }
  const [object, index] = lowerOperands(body, [node.expression, node.argumentExpression]);
  return element.read(object!.c, convert(body, index!, 'int', node.argumentExpression).c);
}

export interface ElementAccess {
  readonly kind: Kind;
  read(object: string, index: string): Value;
  write(object: string, index: string, value: string): void;
}

export function elementAccess(body: Body, type: ts.Type): ElementAccess | undefined {
  if (body.world.types.isArray(type)) {
    const kind = body.world.types.elementKind(type, body.environment);
    return {
      kind,
      read: (o, i) => body.temp(kind, elementPlace(kind, `ts_arr_at(${o}, ${i}, ${body.site})`)),
      write: (o, i, v) =>
        body.emit(`TS_WR(${elementPlace(kind, `ts_arr_slot(${o}, ${i}, ${body.site})`)}, ${v});`),
    };
  }
  const view = viewTypes.get(body.world.types.libraryName(type) ?? '');
  if (!view) return undefined;
  const place = (o: string, i: string): string =>
    `*(${view.c} *)ts_view_at(${o}, ${i}, ${view.width}, ${body.site})`;
  return {
    kind: view.kind,
    read: (o, i) => body.temp(view.kind, place(o, i)),
    write: (o, i, v) => {
      const clamped = view.cls === 22 ? `(${v} < 0 ? 0 : ${v} > 255 ? 255 : ${v})` : v;
      body.emit(`${place(o, i)} = (${view.c})${clamped};`);
    },
  };
}

function enumName(body: Body, node: ts.ElementAccessExpression, symbol: ts.Symbol): Value {
  const index = body.settle(lowerAs(body, node.argumentExpression, 'int'));
  const result = body.slot('str');
  body.emit(`switch (${index.c}) {`);
  const seen = new Set<number>();
  for (const declaration of symbol.declarations ?? []) {
    if (!ts.isEnumDeclaration(declaration)) continue;
    for (const member of [...declaration.members].reverse()) {
      const value = body.world.checker.getConstantValue(member);
      if (typeof value !== 'number' || seen.has(value)) continue;
      seen.add(value);
      body.emit(
        `case ${value}: ${result.c} = ${stringConstant(body, propertyName(member.name)).c}; break;`,
      );
    }
  }
  body.emit('}');
  return result;
}
