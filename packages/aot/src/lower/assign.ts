/** Assignment: places that can be written, compound forms, ++ and --, destructuring. */
import * as ts from 'typescript';
import { isReference, type Kind, optional } from '../kinds.js';
import type { Value } from '../model.js';
import { isNullish } from '../types.js';
import { hasModifier, propertyName } from '../world.js';
import { arrayRest, objectRest } from './aggregates.js';
import type { Body } from './body.js';
import { callMethod, interfaceMembers } from './calls.js';
import { convert } from './convert.js';
import { hasEffects, lower, lowerInto } from './expressions.js';
import { arithmetic, nullish, truthy } from './operators.js';
import { elementAccess, fieldPlace, fieldValue, globalFor, readField } from './property.js';
import { concatenate, textOf } from './strings.js';

const S = ts.SyntaxKind;

export interface Place {
  readonly kind: Kind;
  readonly type: ts.Type;
  read(): Value;
  write(c: string): void;
}

/** Evaluates the parts of an assignable expression once. */
export function placeOf(body: Body, node: ts.Expression): Place {
  const world = body.world;
  if (
    ts.isParenthesizedExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node)
  ) {
    return placeOf(body, node.expression);
  }
  const type = body.typeOf(node);
  if (ts.isIdentifier(node)) {
    let symbol =
      ts.isShorthandPropertyAssignment(node.parent) && node.parent.name === node
        ? world.checker.getShorthandAssignmentValueSymbol(node.parent)
        : world.checker.getSymbolAtLocation(node);
    if (!symbol) return body.refuse('unresolved', node, node.text);
    symbol = world.resolveAlias(symbol);
    const declared = world.checker.getTypeOfSymbol(symbol);
    const variable = body.lookup(symbol);
    if (variable) {
      return {
        kind: variable.kind,
        type: declared,
        read: () => body.read(variable),
        write: (c) => body.write(variable, c),
      };
    }
    const declaration = symbol.valueDeclaration;
    if (
      !declaration ||
      !(ts.isVariableDeclaration(declaration) || ts.isBindingElement(declaration))
    ) {
      return body.refuse('syntax', node, `assignment to ${node.text}`);
    }
    const global = globalFor(body, declaration);
    return {
      kind: global.kind,
      type: declared,
      read: () => body.temp(global.kind, global.cname),
      write: (c) => body.emit(`TS_WR(${global.cname}, ${c});`),
    };
  }
  if (ts.isPropertyAccessExpression(node)) return propertyPlace(body, node, type);
  if (ts.isElementAccessExpression(node)) {
    const receiver = world.types.receiver(body.typeOf(node.expression));
    const access = elementAccess(body, receiver);
    if (!access) return body.refuse('dynamicProperty', node);
    const object = body.temp('ref', lower(body, node.expression).c);
    const index = body.temp(
      'int',
      convert(body, lower(body, node.argumentExpression), 'int', node).c,
    );
    return {
      kind: access.kind,
      type,
      read: () => access.read(object.c, index.c),
      write: (c) => access.write(object.c, index.c, c),
    };
  }
  return body.refuse('syntax', node, 'this assignment target');
}

function propertyPlace(body: Body, node: ts.PropertyAccessExpression, type: ts.Type): Place {
  const world = body.world;
  const name = node.name.text;
  const declaration = world.checker.getSymbolAtLocation(node.name)?.valueDeclaration;
  if (declaration && ts.isClassElement(declaration) && hasModifier(declaration, S.StaticKeyword)) {
    if (!ts.isPropertyDeclaration(declaration))
      return body.refuse('syntax', node, 'a static setter');
    const global = globalFor(body, declaration);
    return {
      kind: global.kind,
      type,
      read: () => body.temp(global.kind, global.cname),
      write: (c) => body.emit(`TS_WR(${global.cname}, ${c});`),
    };
  }
  const object = body.temp('ref', lower(body, node.expression).c);
  const receiver = world.types.receiver(body.typeOf(node.expression));
  if (world.types.isArray(receiver) && name === 'length') {
    return {
      kind: 'int',
      type,
      read: () => body.temp('int', `ts_arr_len(${object.c})`),
      write: (c) => body.emit(`ts_arr_set_len(${object.c}, ${c}, ${body.site});`),
    };
  }
  const cls = body.classOf(node.expression);
  const field = cls?.fields.get(name);
  if (cls && field) {
    return {
      kind: field.kind,
      type,
      read: () => readField(body, cls, field, object.c),
      write: (c) =>
        body.emit(`TS_WR(${fieldPlace(cls, field, object.c)}, ${fieldValue(body, field, c)});`),
    };
  }
  if (cls && world.findMember(cls, name, 'set')) {
    const setter = world.findMember(cls, name, 'set')!;
    const instance = world.functionInstance(
      setter.declaration,
      setter.owner.environment,
      setter.owner,
    );
    return {
      kind: instance.parameters[0]!.kind,
      type,
      read: () => callMethod(body, cls, name, 'get', object.c, [], false),
      write: (c) => {
        callMethod(body, cls, name, 'set', object.c, [c], false);
      },
    };
  }
  const property = world.checker.getPropertyOfType(receiver, name);
  let kind = property
    ? body.kindOfType(world.checker.getTypeOfSymbol(property))
    : body.kindOf(node);
  if (property && property.flags & ts.SymbolFlags.Optional) kind = optional(kind);
  const required = cls ? [] : interfaceMembers(body, receiver);
  const finalKind = kind;
  return {
    kind: finalKind,
    type,
    read: () => {
      const selector = world.selector(name, 'get', [], finalKind, cls, required);
      return body.call({ how: 'selector', selector }, [object.c], finalKind);
    },
    write: (c) => {
      const selector = world.selector(name, 'set', [finalKind], 'void', cls, required);
      body.call({ how: 'selector', selector }, [object.c, c], 'void');
    },
  };
}

const compound: ReadonlyMap<ts.SyntaxKind, ts.SyntaxKind> = new Map([
  [S.PlusEqualsToken, S.PlusToken],
  [S.MinusEqualsToken, S.MinusToken],
  [S.AsteriskEqualsToken, S.AsteriskToken],
  [S.SlashEqualsToken, S.SlashToken],
  [S.PercentEqualsToken, S.PercentToken],
  [S.AsteriskAsteriskEqualsToken, S.AsteriskAsteriskToken],
  [S.AmpersandEqualsToken, S.AmpersandToken],
  [S.BarEqualsToken, S.BarToken],
  [S.CaretEqualsToken, S.CaretToken],
  [S.LessThanLessThanEqualsToken, S.LessThanLessThanToken],
  [S.GreaterThanGreaterThanEqualsToken, S.GreaterThanGreaterThanToken],
  [S.GreaterThanGreaterThanGreaterThanEqualsToken, S.GreaterThanGreaterThanGreaterThanToken],
]);

export function lowerAssignment(body: Body, node: ts.BinaryExpression): Value {
  const op = node.operatorToken.kind;
  if (op === S.EqualsToken) {
    if (ts.isArrayLiteralExpression(node.left) || ts.isObjectLiteralExpression(node.left)) {
      const value = body.settle(lower(body, node.right));
      assignPattern(body, node.left, value, body.typeOf(node.right));
      return value;
    }
    const place = placeOf(body, node.left);
    const value = lowerInto(body, node.right, place.type, place.kind);
    const stable = isPlain(value) ? value : body.temp(place.kind, value.c);
    place.write(stable.c);
    return stable;
  }
  if (
    op === S.AmpersandAmpersandEqualsToken ||
    op === S.BarBarEqualsToken ||
    op === S.QuestionQuestionEqualsToken
  ) {
    const place = placeOf(body, node.left);
    const result = body.temp(place.kind, place.read().c);
    const test =
      op === S.QuestionQuestionEqualsToken
        ? nullish(result).c
        : op === S.BarBarEqualsToken
          ? `!${truthy(result)}`
          : truthy(result);
    body.emit(`if (${test}) {`);
    const value = lowerInto(body, node.right, place.type, place.kind);
    body.emit(`${result.c} = ${value.c};`);
    place.write(result.c);
    body.emit('}');
    return result;
  }
  const operator = compound.get(op);
  if (operator === undefined) return body.refuse('syntax', node, 'this assignment');
  const place = placeOf(body, node.left);
  let current = place.read();
  if (current.variable && hasEffects(node.right)) current = body.settle(current);
  let value: Value;
  if (operator === S.PlusToken && place.kind === 'str') {
    const right = textOf(body, lower(body, node.right), body.typeOf(node.right), node.right);
    value = concatenate(body, [current, right], node);
  } else {
    const narrowed =
      place.kind === 'val' ? convert(body, current, body.kindOf(node.left), node) : current;
    value = arithmetic(body, operator, narrowed, lower(body, node.right), node);
  }
  const stored = convert(body, value, place.kind, node);
  place.write(stored.c);
  return place.kind === 'val' ? value : stored;
}

function isPlain(value: Value): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$|^U?INT64_C\(-?\d+\)$/.test(value.c);
}

/** ++ and --, before or after. */
export function lowerStep(
  body: Body,
  node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression,
): Value {
  const place = placeOf(body, node.operand);
  const old = body.settle(place.read());
  const narrowed = place.kind === 'val' ? convert(body, old, 'int', node) : old;
  const one: Value =
    narrowed.kind === 'f64'
      ? { c: '1.0', kind: 'f64' }
      : narrowed.kind === 'int'
        ? { c: 'INT64_C(1)', kind: 'int' }
        : { c: narrowed.kind === 'u64' ? 'UINT64_C(1)' : 'INT64_C(1)', kind: narrowed.kind };
  const operator = node.operator === S.PlusPlusToken ? S.PlusToken : S.MinusToken;
  const next = arithmetic(body, operator, narrowed, one, node);
  place.write(convert(body, next, place.kind, node).c);
  return ts.isPostfixUnaryExpression(node) ? narrowed : next;
}

// Destructuring ----------------------------------------------------------------------------------------------------------

/** A property or element of a value taken apart, without a syntax node for the access. */
export function takeProperty(
  body: Body,
  object: Value,
  type: ts.Type,
  name: string,
  node: ts.Node,
): Value {
  const world = body.world;
  const receiver = world.types.receiver(type);
  const cls = world.classOf(receiver, body.environment);
  const field = cls?.fields.get(name);
  if (cls && field) return readField(body, cls, field, object.c);
  if (cls && world.findMember(cls, name, 'get'))
    return callMethod(body, cls, name, 'get', object.c, [], false);
  if (name === 'length' && world.types.isArray(receiver))
    return body.temp('int', `ts_arr_len(${object.c})`);
  const property = world.checker.getPropertyOfType(receiver, name);
  if (!property) return body.refuse('unsupportedMember', node, name);
  let kind = body.kindOfType(world.checker.getTypeOfSymbol(property));
  if (property.flags & ts.SymbolFlags.Optional) kind = optional(kind);
  const selector = world.selector(
    name,
    'get',
    [],
    kind,
    undefined,
    interfaceMembers(body, receiver),
  );
  return body.call({ how: 'selector', selector }, [object.c], kind);
}

export function takeElement(
  body: Body,
  array: Value,
  type: ts.Type,
  index: number,
  node: ts.Node,
): Value {
  const receiver = body.world.types.receiver(type);
  const access = elementAccess(body, receiver);
  if (!access) return body.refuse('syntax', node, 'array destructuring of this value');
  if (body.world.checker.isTupleType(receiver) || !isReference(access.kind))
    return access.read(array.c, `INT64_C(${index})`);
  return access.read(array.c, `INT64_C(${index})`);
}

/** `[a, b] = value` and `{ a, b: c } = value`, targets being existing places. */
export function assignPattern(
  body: Body,
  pattern: ts.Expression,
  value: Value,
  type: ts.Type,
): void {
  if (ts.isArrayLiteralExpression(pattern)) {
    pattern.elements.forEach((element, i) => {
      if (ts.isOmittedExpression(element)) return;
      if (ts.isSpreadElement(element)) {
        assignTarget(body, element.expression, arrayRest(body, value, type, i, element), type);
        return;
      }
      const elementType = elementTypeAt(body, type, i);
      if (ts.isBinaryExpression(element) && element.operatorToken.kind === S.EqualsToken) {
        const taken = takeElementOrUndefined(body, value, type, i, element);
        const filled = withDefault(body, taken, element.right, body.kindOf(element.left), element);
        assignTarget(body, element.left, filled, elementType);
        return;
      }
      assignTarget(body, element, takeElement(body, value, type, i, element), elementType);
    });
    return;
  }
  if (ts.isObjectLiteralExpression(pattern)) {
    const taken: string[] = [];
    for (const property of pattern.properties) {
      if (ts.isShorthandPropertyAssignment(property)) {
        taken.push(property.name.text);
        let item = takeProperty(body, value, type, property.name.text, property);
        const place = placeOf(body, property.name);
        if (property.objectAssignmentInitializer)
          item = withDefault(
            body,
            item,
            property.objectAssignmentInitializer,
            place.kind,
            property,
          );
        place.write(convert(body, item, place.kind, property).c);
      } else if (ts.isPropertyAssignment(property)) {
        const name = propertyName(property.name);
        taken.push(name);
        let item = takeProperty(body, value, type, name, property);
        let target: ts.Expression = property.initializer;
        if (ts.isBinaryExpression(target) && target.operatorToken.kind === S.EqualsToken) {
          item = withDefault(body, item, target.right, body.kindOf(target.left), target);
          target = target.left;
        }
        assignTarget(body, target, item, body.typeOf(target));
      } else if (ts.isSpreadAssignment(property)) {
        const rest = objectRest(
          body,
          value,
          type,
          taken,
          body.typeOf(property.expression),
          property,
        );
        assignTarget(body, property.expression, rest, body.typeOf(property.expression));
      }
    }
    return;
  }
  body.refuse('syntax', pattern, 'this pattern');
}

function assignTarget(body: Body, target: ts.Expression, value: Value, type: ts.Type): void {
  if (ts.isArrayLiteralExpression(target) || ts.isObjectLiteralExpression(target)) {
    assignPattern(body, target, body.settle(value), type);
    return;
  }
  const settled = body.settle(value);
  const place = placeOf(body, target);
  place.write(convert(body, settled, place.kind, target).c);
}

export function assign(body: Body, target: ts.Expression, value: Value, type: ts.Type): void {
  assignTarget(body, target, value, type);
}

export function elementTypeAt(body: Body, type: ts.Type, index: number): ts.Type {
  const receiver = body.world.types.receiver(type);
  const elements = body.world.types.elementTypes(receiver) ?? [];
  if (body.world.checker.isTupleType(receiver))
    return elements[index] ?? body.world.checker.getUndefinedType();
  return elements[0] ?? body.world.checker.getUndefinedType();
}

/** `value`, or the default when it is undefined. */
export function withDefault(
  body: Body,
  value: Value,
  initializer: ts.Expression,
  kind: Kind,
  node: ts.Node,
): Value {
  if (!isReference(value.kind)) return convert(body, value, kind, node);
  const result = body.slot(kind);
  body.emit(`if (${value.c} == 0) {`);
  body.emit(`${result.c} = ${convert(body, lower(body, initializer), kind, initializer).c};`);
  body.emit('} else {');
  body.emit(`${result.c} = ${convert(body, value, kind, node).c};`);
  body.emit('}');
  return result;
}

/** An element that may lie past the end (patterns with a default): undefined then. */
export function takeElementOrUndefined(
  body: Body,
  array: Value,
  type: ts.Type,
  index: number,
  node: ts.Node,
): Value {
  const receiver = body.world.types.receiver(type);
  const access = elementAccess(body, receiver);
  if (!access) return body.refuse('syntax', node, 'array destructuring of this value');
  const result = body.slot(optional(access.kind));
  body.emit(`if (ts_arr_len(${array.c}) > ${index}) {`);
  body.emit(
    `${result.c} = ${convert(body, access.read(array.c, `INT64_C(${index})`), result.kind, node).c};`,
  );
  body.emit('}');
  return result;
}

/** Binds a declaration pattern, each name through `define`. */
export function bindPattern(
  body: Body,
  name: ts.BindingName,
  value: Value,
  type: ts.Type,
  define: (identifier: ts.Identifier, value: Value) => void,
): void {
  if (ts.isIdentifier(name)) {
    define(name, value);
    return;
  }
  const source = body.settle(value);
  const taken: string[] = [];
  name.elements.forEach((element, i) => {
    if (ts.isOmittedExpression(element)) return;
    let item: Value;
    let itemType: ts.Type;
    if (ts.isArrayBindingPattern(name)) {
      if (element.dotDotDotToken) {
        bindPattern(
          body,
          element.name,
          arrayRest(body, source, type, i, element),
          body.typeOf(element),
          define,
        );
        return;
      }
      itemType = elementTypeAt(body, type, i);
      item = element.initializer
        ? takeElementOrUndefined(body, source, type, i, element)
        : takeElement(body, source, type, i, element);
    } else {
      if (element.dotDotDotToken) {
        bindPattern(
          body,
          element.name,
          objectRest(body, source, type, taken, body.typeOf(element.name), element),
          body.typeOf(element.name),
          define,
        );
        return;
      }
      const property = element.propertyName
        ? propertyName(element.propertyName)
        : (element.name as ts.Identifier).text;
      taken.push(property);
      item = takeProperty(body, source, type, property, element);
      const symbol = body.world.checker.getPropertyOfType(
        body.world.types.receiver(type),
        property,
      );
      itemType = symbol ? body.world.checker.getTypeOfSymbol(symbol) : body.typeOf(element);
    }
    if (element.initializer) {
      const kind = ts.isIdentifier(element.name) ? bindingKind(body, element, item.kind) : 'ref';
      item = withDefault(body, item, element.initializer, kind, element);
      itemType = body.typeOf(element);
    }
    bindPattern(body, element.name, item, itemType, define);
  });
}

function bindingKind(body: Body, element: ts.BindingElement, fallback: Kind): Kind {
  const type = body.typeOf(element);
  if (isNullish(type)) return fallback;
  return body.kindOfType(type);
}
