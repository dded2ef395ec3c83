/** Arithmetic, comparison and truth on lowered values. */
import * as ts from 'typescript';
import { isReference, type Kind } from '../kinds.js';
import type { Value } from '../model.js';
import type { Body } from './body.js';
import { throwNew } from './builtins.js';
import { callRuntime } from './calls.js';
import { clip, convert } from './convert.js';

const S = ts.SyntaxKind;
const yes: Value = { c: '1', kind: 'bool' };
const no: Value = { c: '0', kind: 'bool' };

export function bool(c: string): Value {
  return { c, kind: 'bool' };
}

function isLiteral(value: Value): boolean {
  return /^U?INT64_C\(\d+\)$/.test(value.c);
}

/** Brings two bigints to one signedness. */
function alignBig(body: Body, a: Value, b: Value, node: ts.Node): [Value, Value] {
  if (a.kind === b.kind) return [a, b];
  if (isLiteral(a)) return [convert(body, a, b.kind, node), b];
  if (isLiteral(b)) return [a, convert(body, b, a.kind, node)];
  return [convert(body, a, 'u64', node), convert(body, b, 'u64', node)];
}

function numeric(body: Body, value: Value, node: ts.Node): Value {
  if (value.kind === 'val' || value.kind === 'ref') return convert(body, value, 'int', node);
  if (value.kind === 'bool') return { c: `((int64_t)${value.c})`, kind: 'int' };
  return value;
}

/** Plain binary arithmetic, the operator given without `=`. */
export function arithmetic(
  body: Body,
  operator: ts.SyntaxKind,
  left: Value,
  right: Value,
  node: ts.Node,
): Value {
  let a = numeric(body, left, node);
  let b = numeric(body, right, node);
  const site = body.site;
  if (a.kind === 'u64' || a.kind === 'i64' || b.kind === 'u64' || b.kind === 'i64') {
    if ((a.kind !== 'u64' && a.kind !== 'i64') || (b.kind !== 'u64' && b.kind !== 'i64')) {
      return body.refuse(
        'conversion',
        node,
        `${a.kind} and ${b.kind} in one operation (${clip(node)})`,
      );
    }
    return bigArithmetic(body, operator, a, b, node);
  }
  if (bitOperator(operator)) return bitwise(body, operator, a, b);
  if (a.kind === 'f64' || b.kind === 'f64' || operator === S.SlashToken) {
    a = convert(body, a, 'f64', node);
    b = convert(body, b, 'f64', node);
    switch (operator) {
      case S.PlusToken:
        return body.temp('f64', `${a.c} + ${b.c}`);
      case S.MinusToken:
        return body.temp('f64', `${a.c} - ${b.c}`);
      case S.AsteriskToken:
        return body.temp('f64', `${a.c} * ${b.c}`);
      case S.SlashToken:
        return body.temp('f64', `${a.c} / ${b.c}`);
      case S.PercentToken:
        return callRuntime(body, 'floatRemainder', [a, b], node);
      case S.AsteriskAsteriskToken:
        return callRuntime(body, 'mathPow', [a, b], node);
    }
  }
  const names: Partial<Record<ts.SyntaxKind, string>> = {
    [S.PlusToken]: 'ts_add',
    [S.MinusToken]: 'ts_sub',
    [S.AsteriskToken]: 'ts_mul',
    [S.PercentToken]: 'ts_rem',
    [S.AsteriskAsteriskToken]: 'ts_pow',
  };
  const name = names[operator];
  if (!name || a.kind !== 'int' || b.kind !== 'int') {
    return body.refuse(
      'conversion',
      node,
      `${a.kind} and ${b.kind} in one operation (${clip(node)})`,
    );
  }
  const plain: Partial<Record<ts.SyntaxKind, string>> = {
    [S.PlusToken]: '+',
    [S.MinusToken]: '-',
    [S.AsteriskToken]: '*',
  };
  const symbol = plain[operator];
  // Runtime modules that say @unchecked work on words and addresses: no 2^53 checks.
  if (symbol && body.world.isUnchecked(body.fn.module))
    return body.temp('int', `${a.c} ${symbol} ${b.c}`);
  return body.temp('int', `${name}(${a.c}, ${b.c}, ${site})`);
}

function bitOperator(operator: ts.SyntaxKind): boolean {
  return (
    operator === S.AmpersandToken ||
    operator === S.BarToken ||
    operator === S.CaretToken ||
    operator === S.LessThanLessThanToken ||
    operator === S.GreaterThanGreaterThanToken ||
    operator === S.GreaterThanGreaterThanGreaterThanToken
  );
}

export function toInt32(value: Value): string {
  return value.kind === 'f64' ? `ts_f64_int32(${value.c})` : `(int32_t)${value.c}`;
}

function bitwise(body: Body, operator: ts.SyntaxKind, left: Value, right: Value): Value {
  const a = toInt32(left);
  const b = toInt32(right);
  const int = (c: string): Value => body.temp('int', c);
  switch (operator) {
    case S.AmpersandToken:
      return int(`(int64_t)(${a} & ${b})`);
    case S.BarToken:
      return int(`(int64_t)(${a} | ${b})`);
    case S.CaretToken:
      return int(`(int64_t)(${a} ^ ${b})`);
    case S.LessThanLessThanToken:
      return int(`(int64_t)(int32_t)((uint32_t)${a} << (${b} & 31))`);
    case S.GreaterThanGreaterThanToken:
      return int(`(int64_t)(${a} >> (${b} & 31))`);
    default:
      return int(`(int64_t)((uint32_t)${a} >> (${b} & 31))`);
  }
}

function bigArithmetic(
  body: Body,
  operator: ts.SyntaxKind,
  left: Value,
  right: Value,
  node: ts.Node,
): Value {
  const site = body.site;
  if (operator === S.LessThanLessThanToken || operator === S.GreaterThanGreaterThanToken) {
    const count = right.kind === 'u64' ? right : convert(body, right, 'u64', node);
    const letter = left.kind === 'u64' ? 'u' : 'i';
    if (operator === S.GreaterThanGreaterThanToken)
      return body.temp(left.kind, `ts_${letter}shr(${left.c}, ${count.c})`);
    return body.temp(left.kind, `ts_${letter}shl(${left.c}, ${count.c}, ${site})`);
  }
  if (operator === S.MinusToken && left.kind === 'u64' && right.kind === 'u64') {
    const result = body.slot('i64');
    body.emit(
      `if (TS_UNLIKELY(__builtin_sub_overflow(${left.c}, ${right.c}, &${result.c}))) ts_panic(TS_P_BIGINT, ${site});`,
    );
    return result;
  }
  if (operator === S.MinusToken && left.kind !== right.kind) {
    const result = body.slot('i64');
    body.emit(
      `if (TS_UNLIKELY(__builtin_sub_overflow(${left.c}, ${right.c}, &${result.c}))) ts_panic(TS_P_BIGINT, ${site});`,
    );
    return result;
  }
  if (operator === S.AmpersandToken && left.kind !== right.kind) {
    // A non-negative operand bounds the result; the other one's bits are taken as they are.
    return body.temp('u64', `(uint64_t)${left.c} & (uint64_t)${right.c}`);
  }
  if (
    (operator === S.PlusToken || operator === S.AsteriskToken) &&
    left.kind !== right.kind &&
    !isLiteral(left) &&
    !isLiteral(right)
  ) {
    // The builtins compute in full precision whatever the signs are.
    const result = body.slot('u64');
    const name = operator === S.PlusToken ? 'add' : 'mul';
    body.emit(
      `if (TS_UNLIKELY(__builtin_${name}_overflow(${left.c}, ${right.c}, &${result.c}))) ts_panic(TS_P_BIGINT, ${site});`,
    );
    return result;
  }
  const [a, b] = alignBig(body, left, right, node);
  const kind = a.kind;
  const letter = kind === 'u64' ? 'u' : 'i';
  switch (operator) {
    case S.PlusToken:
      return body.temp(kind, `ts_${letter}add(${a.c}, ${b.c}, ${site})`);
    case S.MinusToken:
      return body.temp(kind, `ts_${letter}sub(${a.c}, ${b.c}, ${site})`);
    case S.AsteriskToken:
      return body.temp(kind, `ts_${letter}mul(${a.c}, ${b.c}, ${site})`);
    case S.SlashToken:
    case S.PercentToken:
      if (!body.world.options.freestanding && !(isLiteral(b) && !/\(0\)/.test(b.c))) {
        body.emit(`if (TS_UNLIKELY(${b.c} == 0)) {`);
        throwNew(body, 'RangeError', 'Division by zero', node);
        body.emit('}');
      }
      if (operator === S.PercentToken)
        return body.temp(kind, `ts_${letter}rem(${a.c}, ${b.c}, ${site})`);
      return body.temp(kind, `ts_${letter}div(${a.c}, ${b.c}, ${site})`);
    case S.AmpersandToken:
      return body.temp(kind, `${a.c} & ${b.c}`);
    case S.BarToken:
      return body.temp(kind, `${a.c} | ${b.c}`);
    case S.CaretToken:
      return body.temp(kind, `${a.c} ^ ${b.c}`);
  }
  return body.refuse('syntax', node, `operator on bigints (${clip(node)})`);
}

/** `===` and, with `loose`, `==` against undefined or null. */
export function equal(body: Body, a: Value, b: Value, node: ts.Node): Value {
  if (a.kind === b.kind) {
    if (a.kind === 'str') return bool(`ts_str_eq(${a.c}, ${b.c})`);
    if (a.kind === 'val') return bool(`ts_val_eq(${a.c}, ${b.c})`);
    return bool(`(${a.c} == ${b.c})`);
  }
  const numbers = (k: Kind): boolean => k === 'int' || k === 'f64';
  const bigs = (k: Kind): boolean => k === 'u64' || k === 'i64';
  if (numbers(a.kind) && numbers(b.kind)) {
    return bool(`(${convert(body, a, 'f64', node).c} == ${convert(body, b, 'f64', node).c})`);
  }
  if (bigs(a.kind) && bigs(b.kind)) {
    const u = a.kind === 'u64' ? a : b;
    const i = a.kind === 'u64' ? b : a;
    return bool(`(${i.c} >= 0 && ${u.c} == (uint64_t)${i.c})`);
  }
  if (!isReference(a.kind) && !isReference(b.kind)) return no;
  if (a.kind === 'val' || b.kind === 'val') {
    const x = convert(body, a, 'val', node);
    const y = convert(body, b, 'val', node);
    if (isNullishConstant(a) || isNullishConstant(b)) return bool(`(${x.c} == ${y.c})`);
    return bool(`ts_val_eq(${x.c}, ${y.c})`);
  }
  if (isReference(a.kind) && isReference(b.kind)) {
    // A string against undefined, null or an object: never equal by content.
    return bool(`(${a.c} == ${b.c})`);
  }
  return no;
}

export function isNullishConstant(value: Value): boolean {
  return value.c === '((ref)0)' || value.c === 'TS_NULL';
}

export function not(value: Value): Value {
  if (value.c === '0') return yes;
  if (value.c === '1') return no;
  return bool(`!${value.c}`);
}

export function nullish(value: Value): Value {
  return isReference(value.kind) ? bool(`ts_nullish(${value.c})`) : no;
}

export function less(
  body: Body,
  operator: ts.SyntaxKind,
  left: Value,
  right: Value,
  node: ts.Node,
): Value {
  const symbols: Partial<Record<ts.SyntaxKind, string>> = {
    [S.LessThanToken]: '<',
    [S.LessThanEqualsToken]: '<=',
    [S.GreaterThanToken]: '>',
    [S.GreaterThanEqualsToken]: '>=',
  };
  const op = symbols[operator]!;
  if (left.kind === 'str' && right.kind === 'str') {
    const order = callRuntime(body, 'stringCompare', [left, right], node);
    return bool(`(${order.c} ${op} 0)`);
  }
  const a = numeric(body, left, node);
  const b = numeric(body, right, node);
  if (a.kind === b.kind) return bool(`(${a.c} ${op} ${b.c})`);
  if (a.kind === 'f64' || b.kind === 'f64') {
    return bool(`(${convert(body, a, 'f64', node).c} ${op} ${convert(body, b, 'f64', node).c})`);
  }
  if (a.kind === 'u64' && b.kind === 'i64') {
    if (isLiteral(b)) return bool(`(${a.c} ${op} (uint64_t)${b.c})`);
    const below = op === '>' || op === '>=' ? '1' : '0';
    return bool(`(${b.c} < 0 ? ${below} : ${a.c} ${op} (uint64_t)${b.c})`);
  }
  if (a.kind === 'i64' && b.kind === 'u64') {
    if (isLiteral(a)) return bool(`((uint64_t)${a.c} ${op} ${b.c})`);
    const below = op === '<' || op === '<=' ? '1' : '0';
    return bool(`(${a.c} < 0 ? ${below} : (uint64_t)${a.c} ${op} ${b.c})`);
  }
  return body.refuse(
    'conversion',
    node,
    `${a.kind} and ${b.kind} in one comparison (${clip(node)})`,
  );
}

export function truthy(value: Value): string {
  switch (value.kind) {
    case 'bool':
      return value.c;
    case 'int':
    case 'u64':
    case 'i64':
      return `(${value.c} != 0)`;
    case 'f64':
      return `(${value.c} != 0 && ${value.c} == ${value.c})`;
    case 'str':
      return `(!ts_nullish(${value.c}) && ts_str_len(${value.c}) != 0)`;
    case 'ref':
      return `!ts_nullish(${value.c})`;
    case 'val':
      return `ts_val_truthy(${value.c})`;
    default:
      return '0';
  }
}
