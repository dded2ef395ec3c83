/** Expressions to temporaries. `lower` dispatches; property access, assignment and literals have files of their own. */
import * as ts from 'typescript';
import { arrayClass, cType, isReference, type Kind, optional } from '../kinds.js';
import type { Value } from '../model.js';
import { isNullish } from '../types.js';
import { arrayLiteral, objectLiteral } from './aggregates.js';
import { assign, assignPattern, lowerAssignment, lowerStep } from './assign.js';
import { type Body, nullValue, undefinedValue } from './body.js';
import { callRuntime, lowerCall } from './calls.js';
import { foldConstant } from './constants.js';
import { checkContainers, clip, convert } from './convert.js';
import { closureValue, functionValue } from './functions.js';
import { lowerNew } from './new.js';
import { arithmetic, bool, equal, less, not, nullish, toInt32, truthy } from './operators.js';
import { lowerElement, lowerProperty, readStatic } from './property.js';
import { concatenate, concatOperands, lowerTemplate, stringConstant, textOf } from './strings.js';

const S = ts.SyntaxKind;

export { assign, assignPattern };

export function skipParentheses(node: ts.Expression): ts.Expression {
  let n = node;
  while (
    ts.isParenthesizedExpression(n) ||
    ts.isNonNullExpression(n) ||
    ts.isAsExpression(n) ||
    ts.isSatisfiesExpression(n)
  ) {
    n = n.expression;
  }
  return n;
}

/** May evaluating this change a variable, memory, or leave? */
export function hasEffects(node: ts.Node): boolean {
  if (ts.isFunctionLike(node)) return false;
  if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isYieldExpression(node))
    return true;
  if (ts.isPostfixUnaryExpression(node)) return true;
  if (
    ts.isPrefixUnaryExpression(node) &&
    (node.operator === S.PlusPlusToken || node.operator === S.MinusMinusToken)
  )
    return true;
  if (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind >= S.FirstAssignment &&
    node.operatorToken.kind <= S.LastAssignment
  ) {
    return true;
  }
  return ts.forEachChild(node, (child) => hasEffects(child) || undefined) ?? false;
}

/** Operands in order; earlier ones survive the effects of later ones. */
export function lowerOperands(body: Body, nodes: readonly ts.Expression[]): Value[] {
  return nodes.map((node, i) => {
    const value = lower(body, node);
    return value.variable && nodes.slice(i + 1).some(hasEffects) ? body.settle(value) : value;
  });
}

export function lowerAs(body: Body, node: ts.Expression, kind: Kind): Value {
  return convert(body, lower(body, node), kind, node);
}

/** Lowers for a place of static type `type` and kind `kind`. */
export function lowerInto(body: Body, node: ts.Expression, type: ts.Type, kind: Kind): Value {
  const value = lower(body, node);
  const inner = skipParentheses(node);
  if (
    kind === 'ref' &&
    !ts.isArrayLiteralExpression(inner) &&
    !ts.isObjectLiteralExpression(inner) &&
    !ts.isAsExpression(node)
  ) {
    checkContainers(body, body.typeOf(node), type, node);
  }
  return convert(body, value, kind, node);
}

/** After a load from a wide place: the kind that control flow has narrowed the type to. */
export function narrow(body: Body, value: Value, node: ts.Expression): Value {
  if (value.kind !== 'val' && value.kind !== 'ref') return value;
  const type = body.typeOf(node);
  if (type.flags & ts.TypeFlags.Never) return value;
  const kind = body.kindOf(node);
  return kind === value.kind || kind === 'void' ? value : convert(body, value, kind, node);
}

export function lower(body: Body, node: ts.Expression): Value {
  if (
    ts.isOptionalChain(node) &&
    !(ts.isOptionalChain(node.parent) && node.parent.expression === node)
  ) {
    return lowerChain(body, node);
  }
  switch (node.kind) {
    case S.NumericLiteral:
    case S.BigIntLiteral:
    case S.TrueKeyword:
    case S.FalseKeyword:
      return foldConstant(body, node) ?? body.refuse('internal', node, 'literal');
    case S.StringLiteral:
    case S.NoSubstitutionTemplateLiteral:
      return stringConstant(body, (node as ts.StringLiteral).text);
    case S.NullKeyword:
      return nullValue;
    case S.ThisKeyword: {
      const self = body.lookup('this');
      if (!self) body.refuse('syntax', node, '`this` outside a class');
      return { ...body.read(self), variable: false };
    }
    case S.Identifier:
      return lowerIdentifier(body, node as ts.Identifier);
    case S.ParenthesizedExpression:
      return lower(body, (node as ts.ParenthesizedExpression).expression);
    case S.SatisfiesExpression:
      return lower(body, (node as ts.SatisfiesExpression).expression);
    case S.AsExpression:
    case S.TypeAssertionExpression: {
      const cast = node as ts.AsExpression;
      const value = lower(body, cast.expression);
      const kind = body.kindOf(node);
      return kind === value.kind ? value : convert(body, value, kind, node);
    }
    case S.NonNullExpression: {
      const inner = lower(body, (node as ts.NonNullExpression).expression);
      if (!isReference(inner.kind)) return inner;
      const kind = body.kindOf(node);
      if (!isReference(kind)) return convert(body, inner, kind, node);
      return body.temp(kind, `ts_some(${inner.c}, ${body.site})`);
    }
    case S.PropertyAccessExpression:
      return narrow(body, lowerProperty(body, node as ts.PropertyAccessExpression), node);
    case S.ElementAccessExpression:
      return narrow(body, lowerElement(body, node as ts.ElementAccessExpression), node);
    case S.CallExpression:
      return narrow(body, lowerCall(body, node as ts.CallExpression), node);
    case S.NewExpression:
      return lowerNew(body, node as ts.NewExpression);
    case S.ArrowFunction:
    case S.FunctionExpression:
      return closureValue(body, node as ts.ArrowFunction | ts.FunctionExpression);
    case S.PrefixUnaryExpression:
      return lowerPrefix(body, node as ts.PrefixUnaryExpression);
    case S.PostfixUnaryExpression:
      return lowerStep(body, node as ts.PostfixUnaryExpression);
    case S.BinaryExpression:
      return lowerBinary(body, node as ts.BinaryExpression);
    case S.ConditionalExpression:
      return lowerConditional(body, node as ts.ConditionalExpression);
    case S.ArrayLiteralExpression:
      return arrayLiteral(body, node as ts.ArrayLiteralExpression);
    case S.ObjectLiteralExpression:
      return objectLiteral(body, node as ts.ObjectLiteralExpression);
    case S.TemplateExpression:
      return lowerTemplate(body, node as ts.TemplateExpression);
    case S.TypeOfExpression: {
      const operand = (node as ts.TypeOfExpression).expression;
      const value = lower(body, operand);
      return typeName(body, value, node);
    }
    case S.VoidExpression:
      lower(body, (node as ts.VoidExpression).expression);
      return undefinedValue;
    case S.AwaitExpression:
      return body.refuse('asyncCode', node);
    case S.RegularExpressionLiteral:
      return body.refuse('regularExpression', node);
    default:
      return body.refuse('syntax', node, S[node.kind] ?? 'this construct');
  }
}

function typeName(body: Body, value: Value, node: ts.Node): Value {
  const names: Partial<Record<Kind, string>> = {
    int: 'number',
    f64: 'number',
    bool: 'boolean',
    u64: 'bigint',
    i64: 'bigint',
    void: 'undefined',
  };
  const fixed = names[value.kind];
  if (fixed) return stringConstant(body, fixed);
  const constant = (text: string): string => stringConstant(body, text).c;
  const v = body.settle(value).c;
  const isClosure = `(ts_is_ptr(${v}) && ts_class_table[${v}->cls].kind == 6)`;
  void node;
  return body.temp(
    'str',
    `(${v} == 0 ? ${constant('undefined')} : ts_is_num(${v}) ? ${constant('number')} : ts_is_bool(${v}) ? ${constant('boolean')} : ts_is_str(${v}) ? ${constant('string')} : ts_is_big(${v}) ? ${constant('bigint')} : ${isClosure} ? ${constant('function')} : ${constant('object')})`,
  );
}

function lowerIdentifier(body: Body, node: ts.Identifier): Value {
  if (node.text === 'undefined') return undefinedValue;
  const checker = body.world.checker;
  let symbol =
    ts.isShorthandPropertyAssignment(node.parent) && node.parent.name === node
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node);
  if (!symbol) return body.refuse('unresolved', node, node.text);
  symbol = body.world.resolveAlias(symbol);
  return narrow(body, readSymbol(body, symbol, node), node);
}

export function readSymbol(body: Body, symbol: ts.Symbol, node: ts.Expression): Value {
  const variable = body.lookup(symbol);
  if (variable) return body.read(variable);
  const known = body.lookupKnown(symbol);
  if (known) {
    body.world.universal.add(known.instance);
    return functionValue(body, known.instance);
  }
  const declaration = symbol.valueDeclaration ?? symbol.declarations?.[0];
  if (!declaration) return body.refuse('unresolved', node, symbol.name);
  if (ts.isFunctionDeclaration(declaration)) {
    const implementation = symbol.declarations?.find(
      (d): d is ts.FunctionDeclaration => ts.isFunctionDeclaration(d) && !!d.body,
    );
    if (!implementation) return body.refuse('unsupportedMember', node, symbol.name);
    const environment = body.world.methodEnvironment(
      implementation,
      emptyFor(body, implementation),
    );
    const instance = body.world.functionInstance(implementation, environment, undefined);
    return functionValue(body, instance);
  }
  if (ts.isVariableDeclaration(declaration) || ts.isBindingElement(declaration)) {
    const library = declaration.getSourceFile().isDeclarationFile;
    if (library) {
      if (symbol.name === 'NaN') return { c: '__builtin_nan("")', kind: 'f64' };
      if (symbol.name === 'Infinity') return { c: '__builtin_inf()', kind: 'f64' };
      return body.refuse('unsupportedMember', node, symbol.name);
    }
    return readStatic(body, symbol, declaration);
  }
  if (ts.isClassLike(declaration)) return body.refuse('classValue', node, symbol.name);
  return body.refuse('syntax', node, `${symbol.name} as a value`);
}

export function emptyFor(body: Body, declaration: ts.Node): Body['environment'] {
  // A nested function sees the type parameters of its surroundings; a top-level one sees none.
  return ts.isSourceFile(declaration.parent) || ts.isModuleBlock(declaration.parent)
    ? { kinds: new Map(), key: '' }
    : body.environment;
}

function lowerChain(body: Body, node: ts.Expression): Value {
  let kind = body.kindOfType(body.typeOf(node));
  if (kind === 'void') kind = 'ref';
  kind = optional(kind);
  const result = body.slot(kind);
  const label = body.label('chain');
  const saved = body.chain;
  body.chain = { label };
  const value =
    node.kind === S.CallExpression
      ? lowerCall(body, node as ts.CallExpression)
      : node.kind === S.ElementAccessExpression
        ? lowerElement(body, node as ts.ElementAccessExpression)
        : node.kind === S.NonNullExpression
          ? lower(body, (node as ts.NonNullExpression).expression)
          : lowerProperty(body, node as ts.PropertyAccessExpression);
  body.chain = saved;
  if (value.kind !== 'void') body.emit(`${result.c} = ${convert(body, value, kind, node).c};`);
  body.place(label);
  return narrow(body, result, node);
}

/** `a?.`: leaves the chain when `object` is undefined or null. */
export function questionDot(body: Body, object: Value, token: ts.Node | undefined): void {
  if (token && body.chain && isReference(object.kind)) {
    body.emit(`if (ts_nullish(${object.c})) goto ${body.chain.label};`);
  }
}

function lowerPrefix(body: Body, node: ts.PrefixUnaryExpression): Value {
  switch (node.operator) {
    case S.ExclamationToken:
      return not(bool(lowerCondition(body, node.operand)));
    case S.MinusToken: {
      const folded = foldConstant(body, node);
      if (folded) return folded;
      const value = lower(body, node.operand);
      if (value.kind === 'f64') return body.temp('f64', `-${value.c}`);
      if (value.kind === 'u64' || value.kind === 'i64') {
        return arithmetic(
          body,
          S.MinusToken,
          { c: 'INT64_C(0)', kind: 'i64' },
          convert(body, value, 'i64', node),
          node,
        );
      }
      return body.temp('int', `-${convert(body, value, 'int', node).c}`);
    }
    case S.PlusToken: {
      const value = lower(body, node.operand);
      if (value.kind === 'str') return callNumber(body, value, node);
      return value.kind === 'bool' ? { c: `((int64_t)${value.c})`, kind: 'int' } : value;
    }
    case S.TildeToken: {
      const value = lower(body, node.operand);
      if (value.kind === 'i64') return body.temp('i64', `~${value.c}`);
      if (value.kind === 'u64') return body.temp('i64', `~${convert(body, value, 'i64', node).c}`);
      return body.temp('int', `(int64_t)~${toInt32(value)}`);
    }
    default:
      return lowerStep(body, node);
  }
}

function callNumber(body: Body, value: Value, node: ts.Node): Value {
  return callRuntime(body, 'numberFromString', [value], node);
}

function lowerConditional(body: Body, node: ts.ConditionalExpression): Value {
  const condition = lowerCondition(body, node.condition);
  if (condition === '1') return lower(body, node.whenTrue);
  if (condition === '0') return lower(body, node.whenFalse);
  const kind = body.kindOf(node);
  const result = body.slot(kind === 'void' ? 'ref' : kind);
  body.emit(`if (${condition}) {`);
  body.emit(
    `${result.c} = ${convert(body, lower(body, node.whenTrue), result.kind, node.whenTrue).c};`,
  );
  body.emit('} else {');
  body.emit(
    `${result.c} = ${convert(body, lower(body, node.whenFalse), result.kind, node.whenFalse).c};`,
  );
  body.emit('}');
  return result;
}

/** A condition as a C expression; `0` and `1` when it is known. */
export function lowerCondition(body: Body, node: ts.Expression): string {
  const n = ts.isParenthesizedExpression(node) ? node.expression : node;
  if (n !== node) return lowerCondition(body, n);
  if (ts.isPrefixUnaryExpression(node) && node.operator === S.ExclamationToken) {
    const inner = lowerCondition(body, node.operand);
    return inner === '0' ? '1' : inner === '1' ? '0' : `!${inner}`;
  }
  if (ts.isBinaryExpression(node)) {
    const op = node.operatorToken.kind;
    if (op === S.AmpersandAmpersandToken || op === S.BarBarToken) {
      const and = op === S.AmpersandAmpersandToken;
      const left = lowerCondition(body, node.left);
      if (left === (and ? '0' : '1')) return left;
      if (left === (and ? '1' : '0')) return lowerCondition(body, node.right);
      const right = body.collect(() => lowerCondition(body, node.right));
      if (right.items.length === 0) return `(${left} ${and ? '&&' : '||'} ${right.result})`;
      const result = body.temp('bool', left);
      body.emit(`if (${and ? '' : '!'}${result.c}) {`);
      body.append(right.items);
      body.emit(`${result.c} = ${right.result};`);
      body.emit('}');
      return result.c;
    }
  }
  return truthy(lower(body, node));
}

function lowerBinary(body: Body, node: ts.BinaryExpression): Value {
  const op = node.operatorToken.kind;
  if (op >= S.FirstAssignment && op <= S.LastAssignment) return lowerAssignment(body, node);
  switch (op) {
    case S.CommaToken:
      lower(body, node.left);
      return lower(body, node.right);
    case S.AmpersandAmpersandToken:
    case S.BarBarToken:
    case S.QuestionQuestionToken:
      return lowerLogical(body, node);
    case S.EqualsEqualsEqualsToken:
    case S.EqualsEqualsToken:
      return lowerEquality(body, node, op === S.EqualsEqualsToken);
    case S.ExclamationEqualsEqualsToken:
    case S.ExclamationEqualsToken:
      return not(lowerEquality(body, node, op === S.ExclamationEqualsToken));
    case S.LessThanToken:
    case S.LessThanEqualsToken:
    case S.GreaterThanToken:
    case S.GreaterThanEqualsToken: {
      const [a, b] = lowerOperands(body, [node.left, node.right]);
      return less(body, op, a!, b!, node);
    }
    case S.InstanceOfKeyword:
      return lowerInstanceOf(body, node);
    case S.InKeyword:
      return lowerIn(body, node);
  }
  const folded = foldConstant(body, node);
  if (folded) return folded;
  if (op === S.PlusToken && body.kindOfType(body.typeOf(node)) === 'str') {
    const operands = concatOperands(body, node);
    const parts = operands.map((operand, i) => {
      const value = textOf(body, lower(body, operand), body.typeOf(operand), operand);
      return value.variable && operands.slice(i + 1).some(hasEffects) ? body.settle(value) : value;
    });
    return concatenate(body, parts, node);
  }
  if (op === S.BarToken && ts.isNumericLiteral(node.right) && node.right.text === '0') {
    const division = integerDivision(body, node.left, 'ts_div');
    if (division) return body.temp('int', `(int64_t)(int32_t)${division.c}`);
  }
  const [a, b] = lowerOperands(body, [node.left, node.right]);
  return arithmetic(body, op, a!, b!, node);
}

/** `a / b` of two ints under Math.trunc, floor or ceil: one division. */
export function integerDivision(body: Body, node: ts.Expression, name: string): Value | undefined {
  const inner = skipParentheses(node);
  if (!ts.isBinaryExpression(inner) || inner.operatorToken.kind !== S.SlashToken) return undefined;
  if (body.kindOf(inner.left) !== 'int' || body.kindOf(inner.right) !== 'int') return undefined;
  const [a, b] = lowerOperands(body, [inner.left, inner.right]);
  return body.temp(
    'int',
    `${name}(${convert(body, a!, 'int', node).c}, ${convert(body, b!, 'int', node).c}, ${body.site})`,
  );
}

function lowerLogical(body: Body, node: ts.BinaryExpression): Value {
  const op = node.operatorToken.kind;
  let kind = body.kindOf(node);
  if (kind === 'void') kind = 'ref';
  if (kind === 'bool' && op !== S.QuestionQuestionToken) return bool(lowerCondition(body, node));
  const left = lower(body, node.left);
  const test =
    op === S.QuestionQuestionToken
      ? nullish(left).c
      : op === S.BarBarToken
        ? `!${truthy(left)}`
        : truthy(left);
  if (op === S.QuestionQuestionToken && test === '0') return convert(body, left, kind, node);
  const result = body.slot(kind);
  const takeLeft = (): void => {
    // The left value is used only where its kind fits; TypeScript's type of the whole says so.
    const v = convertLoosely(body, left, kind, node.left);
    if (v) body.emit(`${result.c} = ${v.c};`);
  };
  body.emit(`if (${test}) {`);
  const right = lower(body, node.right);
  body.emit(`${result.c} = ${convert(body, right, kind, node.right).c};`);
  body.emit('} else {');
  takeLeft();
  body.emit('}');
  return result;
}

/** For the untaken side of a logical operator, whose kind may not fit at all (`n && object`). */
function convertLoosely(body: Body, value: Value, kind: Kind, node: ts.Node): Value | undefined {
  if (value.kind === 'val' && !isReference(kind)) return convert(body, value, kind, node);
  return convert(body, value, kind, node);
}

function lowerEquality(body: Body, node: ts.BinaryExpression, loose: boolean): Value {
  const special =
    typeofTest(body, node.left, node.right) ?? typeofTest(body, node.right, node.left);
  if (special) return special;
  const [a, b] = lowerOperands(body, [node.left, node.right]);
  if (loose) {
    const nullSide = isNullish(body.typeOf(node.right))
      ? a
      : isNullish(body.typeOf(node.left))
        ? b
        : undefined;
    if (nullSide) return nullish(nullSide);
  }
  return equal(body, a!, b!, node);
}

function typeofTest(body: Body, side: ts.Expression, text: ts.Expression): Value | undefined {
  const inner = skipParentheses(side);
  if (!ts.isTypeOfExpression(inner) || !ts.isStringLiteralLike(text)) return undefined;
  const value = lowerWide(body, inner.expression);
  const names: Partial<Record<Kind, string>> = {
    int: 'number',
    f64: 'number',
    bool: 'boolean',
    u64: 'bigint',
    i64: 'bigint',
    void: 'undefined',
  };
  const fixed = names[value.kind];
  if (fixed) return bool(fixed === text.text ? '1' : '0');
  const v = value.c;
  switch (text.text) {
    case 'number':
      return bool(value.kind === 'val' ? `ts_is_num(${v})` : '0');
    case 'boolean':
      return bool(value.kind === 'val' ? `ts_is_bool(${v})` : '0');
    case 'bigint':
      return bool(value.kind === 'val' ? `ts_is_big(${v})` : '0');
    case 'undefined':
      return bool(`(${v} == 0)`);
    case 'string':
      return bool(value.kind === 'str' ? `(${v} != 0 && ${v} != TS_NULL)` : `ts_is_str(${v})`);
    case 'function':
      return bool(`(ts_is_ptr(${v}) && ts_class_table[${v}->cls].kind == 6)`);
    case 'object':
      return bool(`(${v} == TS_NULL || (ts_is_obj(${v}) && ts_class_table[${v}->cls].kind != 6))`);
  }
  return bool('0');
}

/** Lowers without narrowing, so that a type test sees the stored word. */
function lowerWide(body: Body, node: ts.Expression): Value {
  return lower(body, node);
}

function lowerInstanceOf(body: Body, node: ts.BinaryExpression): Value {
  const value = lower(body, node.left);
  const right = skipParentheses(node.right);
  let symbol = body.world.checker.getSymbolAtLocation(right);
  if (symbol) symbol = body.world.resolveAlias(symbol);
  if (!isReference(value.kind)) return bool('0');
  const declaration = symbol?.declarations?.find((d): d is ts.ClassLikeDeclaration =>
    ts.isClassLike(d),
  );
  const library = symbol?.declarations?.[0]?.getSourceFile().isDeclarationFile
    ? symbol.name
    : undefined;
  if (library === 'Array') return bool(`ts_is_cls(${value.c}, 7, 12)`);
  if (library !== undefined) {
    const view = body.world.runtimeClass(library);
    const id = libraryClassIds.get(library);
    if (id !== undefined) return bool(`ts_is_cls(${value.c}, ${id}, ${id})`);
    if (view) return classTest(body, value, view);
  }
  if (!declaration) return body.refuse('classValue', right, right.getText());
  return classTest(body, value, declaration);
}

export const libraryClassIds: ReadonlyMap<string, number> = new Map([
  ['ArrayBuffer', 18],
  ['DataView', 19],
  ['Int8Array', 20],
  ['Uint8Array', 21],
  ['Uint8ClampedArray', 22],
  ['Int16Array', 23],
  ['Uint16Array', 24],
  ['Int32Array', 25],
  ['Uint32Array', 26],
  ['Float32Array', 27],
  ['Float64Array', 28],
  ['BigInt64Array', 29],
  ['BigUint64Array', 30],
]);

/** Class ids are assigned at the end, subclasses consecutively: a token stands for the range until then. */
function classTest(body: Body, value: Value, declaration: ts.ClassLikeDeclaration): Value {
  const v = body.settle(value);
  if ((declaration.typeParameters?.length ?? 0) === 0) {
    const instance = body.world.classInstance(declaration, []);
    return bool(`ts_is_cls(${v.c}, @lo${instance.index}@, @hi${instance.index}@)`);
  }
  return bool(`@any${body.world.idOf(declaration)}(${v.c})@`);
}

function lowerIn(body: Body, node: ts.BinaryExpression): Value {
  if (!ts.isStringLiteralLike(node.left) && !ts.isPrivateIdentifier(node.left))
    return body.refuse('dynamicProperty', node);
  const value = body.settle(lower(body, node.right));
  return bool(`@has${node.left.text}(${value.c})@`);
}

export { arrayClass, clip, cType };
