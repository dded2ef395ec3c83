/** Compile-time values: literals, constants built from them, enum members. */
import * as ts from 'typescript';
import type { Kind } from '../kinds.js';
import type { Value } from '../model.js';
import type { World } from '../world.js';
import type { Body } from './body.js';
import { numberKind } from './number-kind.js';

export type Constant = number | bigint | boolean;

const S = ts.SyntaxKind;
const cache = new WeakMap<ts.Node, { value: Constant | undefined }>();

/** The value of a constant numeric, bigint or boolean expression. */
export function evaluate(world: World, node: ts.Expression): Constant | undefined {
  const known = cache.get(node);
  if (known) return known.value;
  const entry: { value: Constant | undefined } = { value: undefined };
  cache.set(node, entry);
  entry.value = compute(world, node);
  return entry.value;
}

function compute(world: World, node: ts.Expression): Constant | undefined {
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (ts.isBigIntLiteral(node)) return BigInt(node.text.slice(0, -1));
  if (node.kind === S.TrueKeyword) return true;
  if (node.kind === S.FalseKeyword) return false;
  if (ts.isParenthesizedExpression(node) || ts.isSatisfiesExpression(node))
    return evaluate(world, node.expression);
  if (ts.isAsExpression(node)) {
    const value = evaluate(world, node.expression);
    return value;
  }
  if (ts.isPrefixUnaryExpression(node)) {
    const v = evaluate(world, node.operand);
    if (v === undefined || typeof v === 'boolean') {
      return v !== undefined && node.operator === S.ExclamationToken ? !v : undefined;
    }
    if (node.operator === S.MinusToken) return v === 0 ? undefined : -v;
    if (node.operator === S.TildeToken) return ~v;
    if (node.operator === S.PlusToken && typeof v === 'number') return v;
    return undefined;
  }
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
    const value = enumValue(world, node);
    return typeof value === 'number' ? value : undefined;
  }
  if (ts.isIdentifier(node)) {
    let symbol = world.checker.getSymbolAtLocation(node);
    if (!symbol) return undefined;
    symbol = world.resolveAlias(symbol);
    const declaration = symbol.valueDeclaration;
    if (!declaration || !ts.isVariableDeclaration(declaration) || !declaration.initializer)
      return undefined;
    if (!(ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const)) return undefined;
    if (!ts.isIdentifier(declaration.name)) return undefined;
    return evaluate(world, declaration.initializer);
  }
  if (ts.isBinaryExpression(node)) return binary(world, node);
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    if (node.expression.getText() === 'Math.trunc' && node.arguments.length === 1) {
      const v = evaluate(world, node.arguments[0]!);
      return typeof v === 'number' ? Math.trunc(v) : undefined;
    }
    if (node.expression.getText() === 'BigInt.asUintN' && node.arguments.length === 2) {
      const bits = evaluate(world, node.arguments[0]!);
      const v = evaluate(world, node.arguments[1]!);
      return typeof bits === 'number' && typeof v === 'bigint'
        ? BigInt.asUintN(bits, v)
        : undefined;
    }
  }
  return undefined;
}

/** The value of `Enum.Member`, const enum or not. */
export function enumValue(
  world: World,
  node: ts.PropertyAccessExpression | ts.ElementAccessExpression,
): string | number | undefined {
  const direct = world.checker.getConstantValue(node);
  if (direct !== undefined) return direct;
  const symbol = world.checker.getSymbolAtLocation(
    ts.isPropertyAccessExpression(node) ? node.name : node,
  );
  const declaration = symbol?.valueDeclaration;
  return declaration && ts.isEnumMember(declaration)
    ? world.checker.getConstantValue(declaration)
    : undefined;
}

function binary(world: World, node: ts.BinaryExpression): Constant | undefined {
  const op = node.operatorToken.kind;
  if (op >= S.FirstAssignment && op <= S.LastAssignment) return undefined;
  const a = evaluate(world, node.left);
  if (a === undefined) return undefined;
  const b = evaluate(world, node.right);
  if (b === undefined) return undefined;
  if (typeof a === 'number' && typeof b === 'number') {
    switch (op) {
      case S.PlusToken:
        return a + b;
      case S.MinusToken:
        return a - b;
      case S.AsteriskToken:
        return a * b;
      case S.SlashToken:
        return a / b;
      case S.PercentToken:
        return b === 0 ? undefined : a % b;
      case S.AsteriskAsteriskToken:
        return a ** b;
      case S.AmpersandToken:
        return a & b;
      case S.BarToken:
        return a | b;
      case S.CaretToken:
        return a ^ b;
      case S.LessThanLessThanToken:
        return a << b;
      case S.GreaterThanGreaterThanToken:
        return a >> b;
      case S.GreaterThanGreaterThanGreaterThanToken:
        return a >>> b;
    }
  }
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    switch (op) {
      case S.PlusToken:
        return a + b;
      case S.MinusToken:
        return a - b;
      case S.AsteriskToken:
        return a * b;
      case S.AsteriskAsteriskToken:
        return b >= 0n && b < 256n ? a ** b : undefined;
      case S.AmpersandToken:
        return a & b;
      case S.BarToken:
        return a | b;
      case S.CaretToken:
        return a ^ b;
      case S.LessThanLessThanToken:
        return b >= 0n && b < 4096n ? a << b : undefined;
      case S.GreaterThanGreaterThanToken:
        return b >= 0n && b < 4096n ? a >> b : undefined;
    }
  }
  return undefined;
}

/** The constant as a value of the expression's kind, or undefined if it is none or does not fit. */
export function foldConstant(body: Body, node: ts.Expression): Value | undefined {
  const constant = evaluate(body.world, node);
  if (constant === undefined) return undefined;
  const kind =
    typeof constant === 'number' ? numberKind(body.world, node, body.environment) : undefined;
  return constantValue(constant, kind);
}

export function constantValue(constant: Constant, kind: Kind | undefined): Value | undefined {
  if (typeof constant === 'boolean') return { c: constant ? '1' : '0', kind: 'bool' };
  if (typeof constant === 'bigint') {
    if (constant >= 0n && constant < 1n << 63n) return { c: `INT64_C(${constant})`, kind: 'i64' };
    if (constant >= 0n && constant < 1n << 64n) return { c: `UINT64_C(${constant})`, kind: 'u64' };
    if (constant < 0n && constant > -(1n << 63n)) return { c: `INT64_C(${constant})`, kind: 'i64' };
    if (constant === -(1n << 63n)) return { c: 'INT64_MIN', kind: 'i64' };
    return undefined;
  }
  if (kind === 'f64') return { c: floatText(constant), kind: 'f64' };
  if (!Number.isSafeInteger(constant) || Object.is(constant, -0)) return undefined;
  return { c: `INT64_C(${constant})`, kind: 'int' };
}

export function floatText(x: number): string {
  if (Number.isNaN(x)) return '__builtin_nan("")';
  if (x === Infinity) return '__builtin_inf()';
  if (x === -Infinity) return '(-__builtin_inf())';
  if (Object.is(x, -0)) return '(-0.0)';
  const text = String(x);
  const c = /[.e]/.test(text) ? text : `${text}.0`;
  return x < 0 ? `(${c})` : c;
}
