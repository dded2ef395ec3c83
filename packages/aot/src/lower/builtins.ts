/** JavaScript's own functions and methods: operators of the compiler, or functions of the runtime library by name. */
import * as ts from 'typescript';
import { isReference, type Kind, viewTypes } from '../kinds.js';
import type { Value } from '../model.js';
import { emptyEnvironment, isNullish } from '../types.js';
import { allocate, appendAll, newArray, push } from './aggregates.js';
import { type Body, undefinedValue } from './body.js';
import { callClosure, callRuntime, elementsOf, lowerArguments } from './calls.js';
import { clip, convert } from './convert.js';
import { integerDivision, lower, lowerAs, lowerOperands, skipParentheses } from './expressions.js';
import { constructorOf } from './new.js';
import { bool, toInt32, truthy } from './operators.js';
import { elementAccess } from './property.js';
import { concatenate, stringConstant, textOf } from './strings.js';

const S = ts.SyntaxKind;

/** A call of a global function or of a member of a global object. */
export function builtinCall(body: Body, node: ts.CallExpression, name: string): Value {
  const args = node.arguments;
  const one = (): ts.Expression =>
    args[0] ?? body.refuse('unsupportedMember', node, `${name} without an argument`);
  switch (name) {
    case 'console.log':
    case 'console.error':
    case 'console.warn':
    case 'console.info':
    case 'console.debug':
      return consoleCall(
        body,
        node,
        name === 'console.error' || name === 'console.warn' ? 'consoleError' : 'consoleLog',
      );
    case 'BigInt':
      return toBig(body, one());
    case 'BigInt.asUintN':
    case 'BigInt.asIntN':
      return asN(body, node, name === 'BigInt.asUintN');
    case 'Number':
      return toNumber(body, one());
    case 'String':
      return args[0]
        ? textOf(body, lower(body, args[0]), body.typeOf(args[0]), node)
        : stringConstant(body, '');
    case 'Boolean':
      return bool(truthy(lower(body, one())));
    case 'parseInt':
    case 'Number.parseInt':
      return callRuntime(body, 'parseInteger', lowerOperands(body, args), node);
    case 'parseFloat':
    case 'Number.parseFloat':
      return callRuntime(body, 'parseDouble', lowerOperands(body, args), node);
    case 'isNaN':
    case 'Number.isNaN': {
      const v = lower(body, one());
      if (v.kind === 'int') return bool('0');
      const f = body.settle(convert(body, v, 'f64', node));
      return bool(`(${f.c} != ${f.c})`);
    }
    case 'isFinite':
    case 'Number.isFinite': {
      const v = lower(body, one());
      return v.kind === 'int' ? bool('1') : bool(`(${v.c} - ${v.c} == 0)`);
    }
    case 'Number.isInteger':
    case 'Number.isSafeInteger': {
      const v = lower(body, one());
      if (v.kind === 'int') return bool('1');
      if (v.kind === 'val') return bool(`ts_is_int(${v.c})`);
      return bool(
        `(${v.c} >= -9007199254740991.0 && ${v.c} <= 9007199254740991.0 && (double)(int64_t)${v.c} == ${v.c})`,
      );
    }
    case 'Array.isArray': {
      const v = lower(body, one());
      return bool(isReference(v.kind) ? `ts_is_cls(${v.c}, 7, 12)` : '0');
    }
    case 'Array.of': {
      const kind = resultElementKind(body, node);
      const array = newArray(body, kind, '0');
      for (const arg of args) push(body, array.c, kind, lowerAs(body, arg, kind).c);
      return array;
    }
    case 'Array.from':
      return arrayFrom(body, node);
    case 'String.fromCharCode':
    case 'String.fromCodePoint': {
      const runtime = name === 'String.fromCharCode' ? 'stringFromCharCode' : 'stringFromCodePoint';
      if (args.some(ts.isSpreadElement)) {
        const pieces = newArray(body, 'str', '0');
        for (const arg of args) {
          if (ts.isSpreadElement(arg))
            elementsOf(body, arg.expression, (item) =>
              push(body, pieces.c, 'str', callRuntime(body, runtime, [item], node).c),
            );
          else push(body, pieces.c, 'str', callRuntime(body, runtime, [lower(body, arg)], node).c);
        }
        return callRuntime(body, 'arrayJoin', [pieces, stringConstant(body, '')], node);
      }
      const parts = args.map((a) =>
        body.settle(callRuntime(body, runtime, [lower(body, a)], node)),
      );
      return concatenate(body, parts, node);
    }
    case 'Object.freeze':
    case 'Object.seal':
      return lower(body, one());
    case 'Object.is': {
      const [a, b] = lowerOperands(body, args);
      if (a!.kind === b!.kind && a!.kind !== 'f64')
        return body.temp(
          'bool',
          a!.kind === 'str'
            ? `ts_str_eq(${a!.c}, ${b!.c})`
            : a!.kind === 'val'
              ? `ts_val_eq(${a!.c}, ${b!.c})`
              : `${a!.c} == ${b!.c}`,
        );
      const x = convert(body, a!, 'f64', node);
      const y = convert(body, b!, 'f64', node);
      return body.temp(
        'bool',
        `ts_f64_bits(${x.c}) == ts_f64_bits(${y.c}) || (${x.c} != ${x.c} && ${y.c} != ${y.c})`,
      );
    }
  }
  if (name.startsWith('Math.')) return mathCall(body, node, name.slice(5));
  return body.refuse('unsupportedMember', node, name);
}

function consoleCall(body: Body, node: ts.CallExpression, runtime: string): Value {
  const parts: Value[] = [];
  for (const arg of node.arguments)
    if (ts.isSpreadElement(arg)) return body.refuse('spreadArgument', arg);
  // All arguments before any text: a later one may change the object that an earlier one names.
  const values = lowerOperands(body, node.arguments).map((value) => body.settle(value));
  node.arguments.forEach((arg, i) => {
    if (i > 0) parts.push(stringConstant(body, ' '));
    const value = values[i]!;
    const type = body.typeOf(arg);
    let text: Value;
    // console.log shows what String() hides: -0, the n of a bigint, the shape of objects.
    if (value.kind === 'u64' || value.kind === 'i64')
      text = concatenate(body, [textOf(body, value, type, arg), stringConstant(body, 'n')], arg);
    else if (value.kind === 'f64') text = callRuntime(body, 'inspectFloat', [value], arg);
    else if (value.kind === 'ref' || value.kind === 'val')
      text = callRuntime(body, 'inspect', [convert(body, value, 'val', arg)], arg);
    else text = textOf(body, value, type, arg);
    parts.push(body.settle(text));
  });
  callRuntime(body, runtime, [concatenate(body, parts, node)], node);
  return undefinedValue;
}

// Numbers ----------------------------------------------------------------------------------------------------------------

function toBig(body: Body, arg: ts.Expression): Value {
  const value = lower(body, arg);
  switch (value.kind) {
    case 'int':
      return { c: `((int64_t)${value.c})`, kind: 'i64', variable: value.variable ?? false };
    case 'u64':
    case 'i64':
      return value;
    case 'bool':
      return { c: `((int64_t)${value.c})`, kind: 'i64' };
    case 'f64':
      return body.temp('i64', `ts_f64_int(${value.c}, ${body.site})`);
    case 'str':
      return callRuntime(body, 'bigFromString', [value], arg);
    default:
      return convert(body, value, 'i64', arg);
  }
}

function toNumber(body: Body, arg: ts.Expression): Value {
  const value = lower(body, arg);
  switch (value.kind) {
    case 'u64':
      return body.temp('int', `ts_fit_u(${value.c}, ${body.site})`);
    case 'i64':
      return body.temp('int', `ts_chk(${value.c}, ${body.site})`);
    case 'bool':
      return { c: `((int64_t)${value.c})`, kind: 'int' };
    case 'str':
      return callRuntime(body, 'numberFromString', [value], arg);
    case 'int':
    case 'f64':
      return value;
    default:
      return convert(body, value, 'int', arg);
  }
}

/** asUintN and asIntN: the operand is computed modulo 2^64, then cut. */
function asN(body: Body, node: ts.CallExpression, unsigned: boolean): Value {
  const bits = lowerAs(body, node.arguments[0]!, 'int');
  const value = wrapped(body, node.arguments[1]!);
  const kind: Kind = unsigned ? 'u64' : 'i64';
  if (bits.c === 'INT64_C(64)')
    return body.temp(kind, `(${unsigned ? 'uint64_t' : 'int64_t'})${value}`);
  return body.temp(kind, `${unsigned ? 'ts_as_uint' : 'ts_as_int'}(${bits.c}, ${value})`);
}

const wrappingOperators: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [S.PlusToken, '+'],
  [S.MinusToken, '-'],
  [S.AsteriskToken, '*'],
  [S.AmpersandToken, '&'],
  [S.BarToken, '|'],
  [S.CaretToken, '^'],
]);

/** The low 64 bits of a bigint expression. */
export function wrapped(body: Body, node: ts.Expression): string {
  const n = ts.isParenthesizedExpression(node) ? node.expression : node;
  if (n !== node) return wrapped(body, n);
  if (ts.isBigIntLiteral(node)) {
    return `UINT64_C(${BigInt.asUintN(64, BigInt(node.text.slice(0, -1)))})`;
  }
  if (
    ts.isPrefixUnaryExpression(node) &&
    (node.operator === S.MinusToken || node.operator === S.TildeToken)
  ) {
    const inner = wrapped(body, node.operand);
    return body.temp('u64', node.operator === S.MinusToken ? `0 - ${inner}` : `~${inner}`).c;
  }
  if (ts.isBinaryExpression(node)) {
    const op = wrappingOperators.get(node.operatorToken.kind);
    if (op) {
      const left = body.temp('u64', wrapped(body, node.left));
      const right = wrapped(body, node.right);
      return body.temp('u64', `${left.c} ${op} ${right}`).c;
    }
    if (node.operatorToken.kind === S.LessThanLessThanToken) {
      const left = body.temp('u64', wrapped(body, node.left));
      const count = convert(body, lower(body, node.right), 'u64', node.right);
      return body.temp('u64', `ts_wshl(${left.c}, ${count.c})`).c;
    }
  }
  const value = body.settle(lower(body, node));
  if (value.kind === 'val') return `(uint64_t)${convert(body, value, 'i64', node).c}`;
  return `(uint64_t)${value.c}`;
}

/** Math.min and Math.max over spread arrays. */
function extremeOf(body: Body, node: ts.CallExpression, name: string): Value {
  const kinds = node.arguments.map((a) => {
    if (!ts.isSpreadElement(a)) return body.kindOf(a);
    const type = body.world.types.receiver(body.typeOf(a.expression));
    return body.world.types.isArray(type)
      ? body.world.types.elementKind(type, body.environment)
      : 'int';
  });
  const kind: Kind = kinds.includes('f64') ? 'f64' : 'int';
  // No value at all gives an infinity, which an int cannot hold: that is a panic.
  const result = body.slot(kind);
  const first = body.slot('bool');
  const take = (value: Value): void => {
    const v = body.settle(convert(body, value, kind, node));
    const op = name === 'min' ? '<' : '>';
    const better =
      kind === 'int'
        ? `(${v.c} ${op} ${result.c} ? ${v.c} : ${result.c})`
        : `ts_f64_${name}(${result.c}, ${v.c})`;
    body.emit(`${result.c} = ${first.c} ? ${better} : ${v.c}; ${first.c} = 1;`);
  };
  for (const arg of node.arguments) {
    if (ts.isSpreadElement(arg)) elementsOf(body, arg.expression, take);
    else take(lower(body, arg));
  }
  const empty =
    kind === 'f64'
      ? `${result.c} = ${name === 'min' ? '' : '-'}__builtin_inf();`
      : `ts_panic(TS_P_KIND, ${body.site});`;
  body.emit(`if (!${first.c}) ${empty}`);
  return result;
}

function mathCall(body: Body, node: ts.CallExpression, name: string): Value {
  const args = node.arguments;
  if ((name === 'min' || name === 'max') && args.some(ts.isSpreadElement))
    return extremeOf(body, node, name);
  const divisions: Record<string, string> = {
    trunc: 'ts_div',
    floor: 'ts_floordiv',
    ceil: 'ts_ceildiv',
  };
  const division = divisions[name];
  if (division) {
    const result = integerDivision(body, args[0]!, division);
    if (result) return result;
  }
  const values = lowerOperands(body, args).map((v) =>
    v.kind === 'val' ? convert(body, v, 'int', node) : v,
  );
  const [a, b] = values;
  const allInt = values.every((v) => v.kind === 'int');
  switch (name) {
    case 'trunc':
    case 'floor':
    case 'ceil':
    case 'round': {
      if (a!.kind === 'int') return a!;
      const rounded = name === 'trunc' ? a! : callRuntime(body, `math${capital(name)}`, [a!], node);
      return body.temp('int', `ts_f64_int(${rounded.c}, ${body.site})`);
    }
    case 'abs':
      return body.temp(
        a!.kind,
        a!.kind === 'int' ? `(${a!.c} < 0 ? -${a!.c} : ${a!.c})` : `__builtin_fabs(${a!.c})`,
      );
    case 'min':
    case 'max': {
      if (args.some(ts.isSpreadElement)) return body.refuse('spreadArgument', node);
      if (values.length === 0)
        return { c: name === 'min' ? '__builtin_inf()' : '(-__builtin_inf())', kind: 'f64' };
      const kind: Kind = allInt ? 'int' : 'f64';
      let result = body.settle(convert(body, a!, kind, node));
      for (const value of values.slice(1)) {
        const v = body.settle(convert(body, value, kind, node));
        const op = name === 'min' ? '<' : '>';
        result = body.temp(
          kind,
          kind === 'int'
            ? `(${v.c} ${op} ${result.c} ? ${v.c} : ${result.c})`
            : `ts_f64_${name}(${result.c}, ${v.c})`,
        );
      }
      return result;
    }
    case 'sign':
      return a!.kind === 'int'
        ? body.temp('int', `((${a!.c} > 0) - (${a!.c} < 0))`)
        : callRuntime(body, 'mathSign', [a!], node);
    case 'imul':
      return body.temp(
        'int',
        `(int64_t)(int32_t)((uint32_t)${toInt32(a!)} * (uint32_t)${toInt32(b!)})`,
      );
    case 'clz32':
      return body.temp('int', `ts_clz32((uint32_t)${toInt32(a!)})`);
    case 'sqrt':
      return body.temp('f64', `ts_f64_sqrt(${convert(body, a!, 'f64', node).c})`);
    case 'fround':
      return body.temp('f64', `(double)(float)${convert(body, a!, 'f64', node).c}`);
    default:
      return callRuntime(
        body,
        `math${capital(name)}`,
        values.map((v) => convert(body, v, 'f64', node)),
        node,
      );
  }
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

// Arrays -----------------------------------------------------------------------------------------------------------------

function resultElementKind(body: Body, node: ts.Expression): Kind {
  const context = body.world.checker.getContextualType(node);
  const wanted = context && body.world.types.nonNull(context);
  if (
    wanted &&
    body.world.types.isArray(wanted) &&
    !body.world.types.isForeign(wanted, body.environment)
  ) {
    return body.world.types.elementKind(wanted, body.environment);
  }
  const type = body.world.types.receiver(body.typeOf(node));
  return body.world.types.isArray(type)
    ? body.world.types.elementKind(type, body.environment)
    : 'val';
}

function arrayFrom(body: Body, node: ts.CallExpression): Value {
  const kind = resultElementKind(body, node);
  const source = node.arguments[0]!;
  const mapper = node.arguments[1];
  const closure = mapper && body.settle(lower(body, mapper));
  const inner = skipParentheses(source);
  const array = newArray(body, kind, '0');
  const index = body.unique('n');
  body.emit(`int64_t ${index} = 0;`);
  const add = (item: Value): void => {
    const stable = body.settle(item);
    if (closure) {
      const words = [
        body.settle(convert(body, stable, 'val', node)),
        body.settle(convert(body, { c: index, kind: 'int' }, 'val', node)),
      ];
      push(
        body,
        array.c,
        kind,
        convert(body, callClosure(body, closure, words, kind, node), kind, node).c,
      );
      body.emit(`${index}++;`);
    } else push(body, array.c, kind, convert(body, stable, kind, node).c);
  };
  if (ts.isObjectLiteralExpression(inner)) {
    const property = inner.properties.find(
      (p): p is ts.PropertyAssignment =>
        ts.isPropertyAssignment(p) && p.name.getText() === 'length',
    );
    if (!property) return body.refuse('syntax', node, 'Array.from of this object');
    const length = body.settle(lowerAs(body, property.initializer, 'int'));
    body.emit(`while (${index} < ${length.c}) {`);
    add(undefinedValue);
    if (!closure) body.emit(`${index}++;`);
    body.emit('}');
    return array;
  }
  elementsOf(body, source, add);
  return array;
}

/** A method of a string, array, typed array, number or other value without a class of ours. */
export function builtinMethod(
  body: Body,
  node: ts.CallExpression,
  callee: ts.PropertyAccessExpression,
  object: Value,
  type: ts.Type,
): Value | undefined {
  const name = callee.name.text;
  const world = body.world;
  const kind = isReference(object.kind) ? body.kindOfType(type) : object.kind;
  if (kind === 'str') return stringMethod(body, node, name, convert(body, object, 'str', node));
  if (kind === 'int' || kind === 'f64' || kind === 'u64' || kind === 'i64' || kind === 'bool') {
    return numberMethod(body, node, name, convert(body, object, kind, node), type);
  }
  if (world.types.isArray(type)) return arrayMethod(body, node, name, object, type);
  const library = world.types.libraryName(type) ?? '';
  if (viewTypes.has(library)) return viewMethod(body, node, name, object, type, library);
  if (library === 'DataView') return dataViewMethod(body, node, name, object);
  if (library.startsWith('ArrayBuffer') && name === 'slice') {
    return callRuntime(body, 'bufferSlice', [object, ...lowerOperands(body, node.arguments)], node);
  }
  return undefined;
}

function stringMethod(body: Body, node: ts.CallExpression, name: string, object: Value): Value {
  if (name === 'toString' || name === 'valueOf') return object;
  if (name === 'charCodeAt') {
    const index = node.arguments[0]
      ? lowerAs(body, node.arguments[0], 'int')
      : { c: '0', kind: 'int' as const };
    return body.temp('int', `ts_str_unit(${object.c}, ${index.c}, ${body.site})`);
  }
  if (name === 'concat') {
    return concatenate(
      body,
      [
        object,
        ...node.arguments.map((a) => body.settle(textOf(body, lower(body, a), body.typeOf(a), a))),
      ],
      node,
    );
  }
  const declaration = body.world.runtimeFunction(
    name === 'at' ? 'stringAtMethod' : `string${capital(name)}`,
    node,
  );
  const instance = body.world.functionInstance(declaration, emptyEnvironment, undefined);
  const args = lowerArguments(
    body,
    instance.parameters.slice(1),
    node.arguments,
    emptyEnvironment,
    node,
    undefined,
  );
  return body.call({ how: 'direct', instance }, [object.c, ...args], instance.result);
}

function numberMethod(
  body: Body,
  node: ts.CallExpression,
  name: string,
  object: Value,
  type: ts.Type,
): Value {
  if (name === 'toString') {
    const radix = node.arguments[0];
    if (!radix) return textOf(body, object, type, node);
    const names: Partial<Record<Kind, string>> = {
      int: 'numberToString',
      u64: 'u64ToString',
      i64: 'i64ToString',
    };
    const runtime = names[object.kind];
    if (!runtime)
      return body.refuse('unsupportedMember', node, `toString(radix) of ${object.kind}`);
    return callRuntime(body, runtime, [object, lower(body, radix)], node);
  }
  if (name === 'toFixed')
    return callRuntime(
      body,
      'numberToFixed',
      [convert(body, object, 'f64', node), ...lowerOperands(body, node.arguments)],
      node,
    );
  if (name === 'valueOf') return object;
  if (name === 'toLocaleString') return textOf(body, object, type, node);
  return body.refuse('unsupportedMember', node, `number.${name}`);
}

function arrayMethod(
  body: Body,
  node: ts.CallExpression,
  name: string,
  object: Value,
  type: ts.Type,
): Value {
  const kind = body.world.types.elementKind(type, body.environment);
  if (name === 'push') {
    for (const arg of node.arguments) {
      if (ts.isSpreadElement(arg)) appendAll(body, object, kind, arg.expression);
      else push(body, object.c, kind, convert(body, lower(body, arg), kind, arg).c);
    }
    return { c: `ts_arr_len(${object.c})`, kind: 'int' };
  }
  if (name === 'join') {
    const separator = node.arguments[0]
      ? lowerAs(body, node.arguments[0], 'str')
      : stringConstant(body, ',');
    if (kind === 'str') {
      const element = body.world.types.elementTypes(type)?.[0];
      if (element && !(element.flags & ts.TypeFlags.StringLike))
        return joined(body, node, object, type, kind, separator);
      return callRuntime(body, 'arrayJoin', [object, separator], node);
    }
    return joined(body, node, object, type, kind, separator);
  }
  if (name === 'toString') return joined(body, node, object, type, kind, stringConstant(body, ','));
  if (name === 'concat') {
    const result = callRuntime(body, 'arraySlice', [object], node, [kind]);
    for (const arg of node.arguments) {
      if (body.world.types.isArray(body.world.types.receiver(body.typeOf(arg))))
        appendAll(body, result, kind, arg);
      else push(body, result.c, kind, convert(body, lower(body, arg), kind, arg).c);
    }
    return result;
  }
  if (name === 'splice' && node.arguments.length > 2) {
    const [start, count] = node.arguments.slice(0, 2).map((a) => body.settle(lower(body, a)));
    const items = newArray(body, kind, '0');
    for (const arg of node.arguments.slice(2)) {
      if (ts.isSpreadElement(arg)) appendAll(body, items, kind, arg.expression);
      else push(body, items.c, kind, convert(body, lower(body, arg), kind, arg).c);
    }
    return callRuntime(body, 'arraySplice', [object, start!, count!, items], node, [kind]);
  }
  if (name === 'unshift') {
    for (const arg of [...node.arguments].reverse())
      callRuntime(
        body,
        'arrayUnshift',
        [object, convert(body, lower(body, arg), kind, arg)],
        node,
        [kind],
      );
    return body.temp('int', `ts_arr_len(${object.c})`);
  }
  if (name === 'keys' || name === 'values' || name === 'entries')
    return body.refuse('syntax', node, `array ${name}() outside for..of`);
  if ((name === 'sort' || name === 'toSorted') && !node.arguments[0]) {
    return callRuntime(
      body,
      name === 'sort' ? 'arraySortByText' : 'arrayToSortedByText',
      [object],
      node,
      [kind],
    );
  }
  const runtime = `array${capital(name)}`;
  const declaration = body.world.runtimeFunction(runtime, node);
  const count = declaration.typeParameters?.length ?? 0;
  const kinds: Kind[] = [kind];
  if (count > 1) kinds.push(secondKind(body, node, name));
  const environment = body.world.bind(declaration.typeParameters, kinds, emptyEnvironment);
  const instance = body.world.functionInstance(declaration, environment, undefined);
  const args = lowerArguments(
    body,
    instance.parameters.slice(1),
    node.arguments,
    environment,
    node,
    undefined,
  );
  return body.call({ how: 'direct', instance }, [object.c, ...args], instance.result);
}

/** U of map<U>, reduce<U>, flatMap<U>: from the result type of this call. */
function secondKind(body: Body, node: ts.CallExpression, name: string): Kind {
  const type = body.typeOf(node);
  const signature = body.world.checker.getResolvedSignature(node);
  const own = signature?.getReturnType() ?? type;
  if (name === 'reduce' || name === 'reduceRight') {
    const initial = node.arguments[1];
    const kind = isNullish(own) ? 'ref' : body.kindOfType(own);
    if (kind === 'int' && initial && body.kindOf(initial) === 'f64') return 'f64';
    return kind === 'void' ? 'ref' : kind;
  }
  const receiver = body.world.types.receiver(own);
  if (!body.world.types.isArray(receiver)) return 'val';
  const kind = body.world.types.elementKind(receiver, body.environment);
  return kind === 'void' ? 'ref' : kind;
}

/** join of elements that are not strings. */
function joined(
  body: Body,
  node: ts.CallExpression,
  object: Value,
  type: ts.Type,
  kind: Kind,
  separator: Value,
): Value {
  const access = elementAccess(body, type)!;
  const elementType =
    body.world.types.elementTypes(type)?.[0] ?? body.world.checker.getStringType();
  const pieces = newArray(body, 'str', '0');
  const index = body.unique('i');
  const view = viewTypes.get(body.world.types.libraryName(type) ?? '');
  const length = view ? `ts_view_length(${object.c}, ${view.width})` : `ts_arr_len(${object.c})`;
  body.emit(`for (int64_t ${index} = 0; ${index} < ${length}; ${index}++) {`);
  const item = access.read(object.c, index);
  if (isReference(kind)) {
    // undefined and null join as nothing.
    const text = body.temp('str', stringConstant(body, '').c);
    body.emit(`if (!ts_nullish(${item.c})) {`);
    body.emit(`${text.c} = ${textOf(body, item, elementType, node).c};`);
    body.emit('}');
    push(body, pieces.c, 'str', text.c);
  } else push(body, pieces.c, 'str', textOf(body, item, elementType, node).c);
  body.emit('}');
  return callRuntime(body, 'arrayJoin', [pieces, separator], node);
}

function viewMethod(
  body: Body,
  node: ts.CallExpression,
  name: string,
  object: Value,
  type: ts.Type,
  library: string,
): Value {
  const view = viewTypes.get(library)!;
  if (name === 'join') {
    const separator = node.arguments[0]
      ? lowerAs(body, node.arguments[0], 'str')
      : stringConstant(body, ',');
    return joined(body, node, object, type, view.kind, separator);
  }
  const runtime = `typed${capital(name)}`;
  if (view.width !== 1 || view.kind !== 'int') {
    if (name === 'fill') {
      const [value] = lowerOperands(body, node.arguments);
      const i = body.unique('i');
      const v = body.settle(convert(body, value!, view.kind, node));
      if (node.arguments.length > 1)
        return body.refuse('unsupportedMember', node, `${library}.fill with a range`);
      body.emit(
        `for (int64_t ${i} = 0; ${i} < ts_view_length(${object.c}, ${view.width}); ${i}++) ((${view.c} *)((struct ts_view *)${object.c})->address)[${i}] = (${view.c})${v.c};`,
      );
      return object;
    }
    if (name === 'set' || name === 'subarray' || name === 'slice') {
      return body.temp(
        name === 'set' ? 'bool' : 'ref',
        wideViewCall(body, node, name, object, view.width, view.cls),
      );
    }
    return body.refuse('unsupportedMember', node, `${library}.${name}`);
  }
  if (name === 'set') {
    const argument = body.world.types.receiver(body.typeOf(node.arguments[0]!));
    if (body.world.types.isArray(argument))
      return callRuntime(
        body,
        'typedSetArray',
        [object, ...lowerOperands(body, node.arguments)],
        node,
      );
  }
  void type;
  const declaration = body.world.runtimeFunction(runtime, node);
  const instance = body.world.functionInstance(declaration, emptyEnvironment, undefined);
  const args = lowerArguments(
    body,
    instance.parameters.slice(1),
    node.arguments,
    emptyEnvironment,
    node,
    undefined,
  );
  return body.call({ how: 'direct', instance }, [object.c, ...args], instance.result);
}

function wideViewCall(
  body: Body,
  node: ts.CallExpression,
  name: string,
  object: Value,
  width: number,
  cls: number,
): string {
  const args = node.arguments;
  if (name === 'set') {
    const source = body.settle(lower(body, args[0]!));
    const offset = args[1] ? lowerAs(body, args[1], 'int').c : '0';
    return `(ts_view_set(${object.c}, ${source.c}, ${offset}, ${width}, ${body.site}), 0)`;
  }
  const start = args[0] ? body.settle(lowerAs(body, args[0], 'int')).c : '0';
  const end = args[1]
    ? body.settle(lowerAs(body, args[1], 'int')).c
    : `ts_view_length(${object.c}, ${width})`;
  return `ts_view_${name}(${object.c}, ${start}, ${end}, ${width}, ${cls}, ${body.site})`;
}

const dataViewTypes: ReadonlyMap<string, { c: string; swap: string; width: number; kind: Kind }> =
  new Map([
    ['Int8', { c: 'int8_t', swap: '', width: 1, kind: 'int' }],
    ['Uint8', { c: 'uint8_t', swap: '', width: 1, kind: 'int' }],
    ['Int16', { c: 'int16_t', swap: 'ts_swap16', width: 2, kind: 'int' }],
    ['Uint16', { c: 'uint16_t', swap: 'ts_swap16', width: 2, kind: 'int' }],
    ['Int32', { c: 'int32_t', swap: 'ts_swap32', width: 4, kind: 'int' }],
    ['Uint32', { c: 'uint32_t', swap: 'ts_swap32', width: 4, kind: 'int' }],
    ['BigInt64', { c: 'int64_t', swap: 'ts_swap64', width: 8, kind: 'i64' }],
    ['BigUint64', { c: 'uint64_t', swap: 'ts_swap64', width: 8, kind: 'u64' }],
    ['Float32', { c: 'uint32_t', swap: 'ts_swap32', width: 4, kind: 'f64' }],
    ['Float64', { c: 'uint64_t', swap: 'ts_swap64', width: 8, kind: 'f64' }],
  ]);

function dataViewMethod(body: Body, node: ts.CallExpression, name: string, object: Value): Value {
  const read = name.startsWith('get');
  const type = dataViewTypes.get(name.slice(3));
  if (!type) return body.refuse('unsupportedMember', node, `DataView.${name}`);
  const unsigned = `uint${type.width * 8}_t`;
  const values = lowerOperands(body, node.arguments).map((v) => body.settle(v));
  const offset = body.settle(convert(body, values[0]!, 'int', node));
  if (!body.world.options.freestanding) {
    body.emit(
      `if (TS_UNLIKELY(${offset.c} < 0 || ${offset.c} > ((struct ts_view *)${object.c})->byteLength - ${type.width})) {`,
    );
    throwNew(body, 'RangeError', 'Offset is outside the bounds of the DataView', node);
    body.emit('}');
  }
  const littleValue = values[read ? 1 : 2];
  const little = littleValue ? truthy(littleValue) : '0';
  const place = `TS_UNALIGNED(${unsigned}, ts_view_data(${object.c}, ${offset.c}, ${type.width}, ${body.site}))`;
  const swap = (c: string): string => (type.swap === '' ? c : `${type.swap}(${c}, ${little})`);
  if (read) {
    const raw = swap(place);
    if (type.kind === 'f64')
      return body.temp(
        'f64',
        type.width === 4 ? `(double)ts_bits_f32(${raw})` : `ts_bits_f64(${raw})`,
      );
    return body.temp(type.kind, `(${type.c})${raw}`);
  }
  let value: string;
  if (type.kind === 'f64') {
    const f = convert(body, values[1]!, 'f64', node);
    value = type.width === 4 ? `ts_f32_bits((float)${f.c})` : `ts_f64_bits(${f.c})`;
  } else if (type.kind === 'int')
    value = `(${unsigned})${convert(body, values[1]!, 'int', node).c}`;
  else value = `(uint64_t)${values[1]!.c}`;
  body.emit(`${place} = ${swap(value)};`);
  return undefinedValue;
}

/** Throws one of the runtime's error classes. */
export function throwNew(body: Body, name: string, message: string, node: ts.Node): void {
  const declaration = body.world.runtimeClass(name);
  if (!declaration) body.refuse('missingRuntime', node, `class ${name}Impl`);
  const cls = body.world.classInstance(declaration, []);
  const construction = constructorOf(body, cls)!;
  const object = allocate(body, cls);
  body.call(
    { how: 'direct', instance: construction },
    [object.c, stringConstant(body, message).c],
    'void',
  );
  body.throwValue(object.c);
}

export { clip };
