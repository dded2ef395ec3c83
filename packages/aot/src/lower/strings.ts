/** String literals as static objects, and everything that turns a value into text. */
import * as ts from 'typescript';
import type { Value } from '../model.js';
import type { Body } from './body.js';
import { callMethod, callRuntime } from './calls.js';
import { convert } from './convert.js';
import { lower } from './expressions.js';

/** The C expression of a string constant; its definition goes into every unit that mentions the name. */
export function stringConstant(body: Body, text: string): Value {
  const world = body.world;
  let name = world.strings.get(text);
  if (name === undefined) {
    name = world.uniqueName(`S_${text.slice(0, 16)}`);
    world.strings.set(text, name);
    world.prototypes.set(name, stringDefinition(name, text));
  }
  return { c: `((ref)&${name})`, kind: 'str' };
}

function stringDefinition(name: string, text: string): string {
  let wide = false;
  const units: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 255) wide = true;
    units.push(unit);
  }
  const type = wide ? 'uint16_t' : 'uint8_t';
  const data = units.length === 0 ? '0' : units.join(',');
  return `static struct { struct ts_str h; ${type} d[${units.length + 1}]; } ${name} __attribute__((aligned(8))) = { { ${wide ? 2 : 1}, 0, ${units.length}, 0 }, { ${data} } };`;
}

/** What `String(value)` gives. */
export function textOf(body: Body, value: Value, type: ts.Type, node: ts.Node): Value {
  switch (value.kind) {
    case 'str':
      if (mayBeNullish(type))
        return callRuntime(body, 'valueToString', [convert(body, value, 'val', node)], node);
      return value;
    case 'int':
      return callRuntime(body, 'numberToString', [value], node);
    case 'f64':
      return callRuntime(body, 'floatToString', [value], node);
    case 'u64':
      return callRuntime(body, 'u64ToString', [value], node);
    case 'i64':
      return callRuntime(body, 'i64ToString', [value], node);
    case 'bool':
      return body.temp(
        'str',
        `(${value.c} ? ${stringConstant(body, 'true').c} : ${stringConstant(body, 'false').c})`,
      );
    case 'void':
      return stringConstant(body, 'undefined');
    case 'ref': {
      const own = ownToString(body, value, type, node);
      if (own) return own;
      return callRuntime(body, 'valueToString', [convert(body, value, 'val', node)], node);
    }
    default:
      return callRuntime(body, 'valueToString', [convert(body, value, 'val', node)], node);
  }
}

/** A class's own toString, or an array's join. */
function ownToString(body: Body, value: Value, type: ts.Type, node: ts.Node): Value | undefined {
  if (mayBeNullish(type)) return undefined;
  const receiver = body.world.types.receiver(type);
  const cls = body.world.classOf(receiver, body.environment);
  if (cls && body.world.findMember(cls, 'toString', 'call')) {
    const result = callMethod(body, cls, 'toString', 'call', body.settle(value).c, [], false);
    return convert(body, result, 'str', node);
  }
  return undefined;
}

export function mayBeNullish(type: ts.Type): boolean {
  const flags = ts.TypeFlags.Undefined | ts.TypeFlags.Null | ts.TypeFlags.Void;
  if (type.flags & (flags | ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.TypeParameter))
    return true;
  return type.isUnion() && type.types.some((t) => t.flags & flags);
}

export function concatenate(body: Body, parts: Value[], node: ts.Node): Value {
  if (parts.length === 0) return stringConstant(body, '');
  let result = parts[0]!;
  for (const part of parts.slice(1))
    result = callRuntime(body, 'stringConcat', [result, part], node);
  return result;
}

export function lowerTemplate(body: Body, node: ts.TemplateExpression): Value {
  const parts: Value[] = [];
  if (node.head.text !== '') parts.push(stringConstant(body, node.head.text));
  for (const span of node.templateSpans) {
    parts.push(
      body.settle(
        textOf(body, lower(body, span.expression), body.typeOf(span.expression), span.expression),
      ),
    );
    if (span.literal.text !== '') parts.push(stringConstant(body, span.literal.text));
  }
  return concatenate(body, parts, node);
}

/** Operands of a chain of string `+`, left to right. */
export function concatOperands(body: Body, node: ts.BinaryExpression): ts.Expression[] {
  const left = node.left;
  if (
    ts.isBinaryExpression(left) &&
    left.operatorToken.kind === ts.SyntaxKind.PlusToken &&
    body.kindOfType(body.typeOf(left)) === 'str'
  ) {
    return [...concatOperands(body, left), node.right];
  }
  return [left, node.right];
}
