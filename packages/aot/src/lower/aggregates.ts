/** Array and object literals, and the rest patterns that make new ones. */
import * as ts from 'typescript';
import { arrayClass, type Kind, optional } from '../kinds.js';
import type { ClassInstance, Value } from '../model.js';
import { emptyEnvironment } from '../types.js';
import { propertyName } from '../world.js';
import { takeProperty } from './assign.js';
import { type Body, elementPlace } from './body.js';
import { callRuntime, elementsOf } from './calls.js';
import { convert } from './convert.js';
import { lower, readSymbol } from './expressions.js';
import { closureValue } from './functions.js';
import { fieldPlace } from './property.js';

export function newArray(body: Body, kind: Kind, length: string): Value {
  return body.temp('ref', `ts_arr_new(${arrayClass(kind)}, ${length}, ${body.site})`);
}

export function push(body: Body, array: string, kind: Kind, c: string): void {
  body.emit(`TS_WR(${elementPlace(kind, `ts_arr_more(${array})`)}, ${c});`);
}

/** Printed at once or copied into a typed array: nobody reads the elements through the type number[]. */
function keepsFractions(node: ts.ArrayLiteralExpression): boolean {
  const parent = node.parent;
  if (ts.isNewExpression(parent)) return /^Float(32|64)Array$/.test(parent.expression.getText());
  return ts.isCallExpression(parent) && parent.expression.getText().startsWith('console.');
}

export function literalElementKind(body: Body, node: ts.ArrayLiteralExpression): Kind {
  const types = body.world.types;
  // A binding pattern is no type for the value that it takes apart.
  const patterned = ts.isVariableDeclaration(node.parent) && !ts.isIdentifier(node.parent.name);
  const context = patterned ? undefined : body.world.checker.getContextualType(node);
  if (context) {
    const receiver = types.nonNull(context);
    const candidates = receiver.isUnion() ? receiver.types : [receiver];
    for (const candidate of candidates) {
      if (types.isArray(candidate) && !types.isForeign(candidate, body.environment))
        return types.elementKind(candidate, body.environment);
    }
    // Iterable<T> and the like name the element type as their only argument.
    const library = types.libraryName(receiver);
    if (
      library !== undefined &&
      (receiver as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference
    ) {
      const argument = body.world.checker.getTypeArguments(receiver as ts.TypeReference)[0];
      if (argument && !types.isForeign(argument, body.environment))
        return body.kindOfType(argument);
    }
  }
  const own = body.typeOf(node);
  if (types.isArray(own)) {
    const kind = types.elementKind(own, body.environment);
    if (
      kind === 'int' &&
      keepsFractions(node) &&
      node.elements.some((e) => !ts.isSpreadElement(e) && body.kindOf(e) === 'f64')
    ) {
      return 'f64';
    }
    return kind;
  }
  return 'val';
}

export function arrayLiteral(body: Body, node: ts.ArrayLiteralExpression): Value {
  const kind = literalElementKind(body, node);
  if (node.elements.some(ts.isSpreadElement)) {
    const array = newArray(body, kind, '0');
    for (const element of node.elements) {
      if (ts.isSpreadElement(element)) appendAll(body, array, kind, element.expression);
      else push(body, array.c, kind, convert(body, lower(body, element), kind, element).c);
    }
    return array;
  }
  const values = node.elements.map((element) => {
    const v = ts.isOmittedExpression(element)
      ? { c: '((ref)0)', kind: 'ref' as const }
      : lower(body, element);
    return body.settle(convert(body, v, kind, element));
  });
  const array = newArray(body, kind, `INT64_C(${values.length})`);
  values.forEach((value, i) => {
    body.emit(
      `TS_WR(${elementPlace(kind, `(TS_STORAGE((struct ts_arr *)${array.c}) + ${i * 8})`)}, ${value.c});`,
    );
  });
  return array;
}

/** Appends every element of an iterable expression. */
export function appendAll(body: Body, array: Value, kind: Kind, source: ts.Expression): void {
  elementsOf(body, source, (item) =>
    push(body, array.c, kind, convert(body, item, kind, source).c),
  );
}

export function arrayRest(
  body: Body,
  array: Value,
  type: ts.Type,
  start: number,
  node: ts.Node,
): Value {
  const kind = body.world.types.elementKind(body.world.types.receiver(type), body.environment);
  return callRuntime(body, 'arraySlice', [array, { c: `INT64_C(${start})`, kind: 'int' }], node, [
    kind,
  ]);
}

export function objectRest(
  body: Body,
  object: Value,
  type: ts.Type,
  taken: string[],
  resultType: ts.Type,
  node: ts.Node,
): Value {
  const names = resultType
    .getProperties()
    .map((p) => p.name)
    .filter((name) => !taken.includes(name));
  const fields = names.map((name) => ({
    name,
    value: body.settle(takeProperty(body, object, type, name, node)),
  }));
  return buildShape(
    body,
    fields.map((f) => ({ ...f, kind: f.value.kind })),
  );
}

interface ShapeField {
  readonly name: string;
  readonly kind: Kind;
  readonly value: Value;
}

/** The class of an object literal: one per list of (name, kind). */
export function shapeClass(
  body: Body,
  fields: readonly { name: string; kind: Kind }[],
): ClassInstance {
  const world = body.world;
  const key = fields.map((f) => `${f.name}:${f.kind}`).join(',');
  const known = world.shapes.get(key);
  if (known) return known;
  const module = world.moduleOf(world.front.runtime);
  const instance = world.newClass(
    `object_${fields
      .map((f) => f.name)
      .join('_')
      .slice(0, 40)}`,
    module,
    undefined,
    emptyEnvironment,
    undefined,
    false,
  );
  world.shapes.set(key, instance);
  for (const field of fields) world.addField(instance, field.name, field.kind, undefined);
  world.finishLayout(instance);
  return instance;
}

function buildShape(body: Body, fields: readonly ShapeField[]): Value {
  const cls = shapeClass(body, fields);
  const object = allocate(body, cls);
  for (const field of fields) {
    body.emit(`${fieldPlace(cls, cls.fields.get(field.name)!, object.c)} = ${field.value.c};`);
  }
  return object;
}

export function allocate(body: Body, cls: ClassInstance): Value {
  body.world.allocate(cls);
  return body.temp('ref', `ts_alloc(@id${cls.index}@, ${cls.size})`);
}

/** The declared type that an object literal is made for: the matching member of a union. */
function literalTarget(body: Body, node: ts.ObjectLiteralExpression): ts.Type | undefined {
  const checker = body.world.checker;
  const context = checker.getContextualType(node);
  if (!context) return undefined;
  const target = body.world.types.nonNull(context);
  if (!target.isUnion()) return target;
  const own = body.typeOf(node);
  const objects = target.types.filter(
    (t) => t.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection),
  );
  return (
    objects.find((t) => checker.isTypeAssignableTo(own, t)) ??
    (objects.length === 1 ? objects[0] : undefined)
  );
}

export function objectLiteral(body: Body, node: ts.ObjectLiteralExpression): Value {
  const world = body.world;
  const target = literalTarget(body, node);
  if (target) {
    const cls = world.classOf(target, body.environment);
    if (cls?.declaration) return body.refuse('literalAsClass', node, cls.name);
  }
  const kindFor = (name: string, own: Kind): Kind => {
    const property = target && world.checker.getPropertyOfType(target, name);
    if (!property) return own;
    const type = world.checker.getTypeOfSymbol(property);
    if (world.types.isForeign(type, body.environment)) return own;
    const kind = body.kindOfType(type);
    return property.flags & ts.SymbolFlags.Optional ? optional(kind) : kind === 'void' ? own : kind;
  };
  const fields: {
    name: string;
    kind: Kind;
    value: Value | undefined;
    method: ts.MethodDeclaration | ts.ArrowFunction | ts.FunctionExpression | undefined;
  }[] = [];
  const set = (
    name: string,
    kind: Kind,
    value: Value | undefined,
    method?: ts.MethodDeclaration | ts.ArrowFunction | ts.FunctionExpression,
  ): void => {
    const at = fields.findIndex((f) => f.name === name);
    if (at >= 0) fields.splice(at, 1);
    fields.push({ name, kind, value, method });
  };
  for (const property of node.properties) {
    if (ts.isPropertyAssignment(property)) {
      const name = propertyName(property.name);
      let own = body.kindOf(property.initializer);
      if (own === 'void') own = 'ref';
      const kind = kindFor(name, own);
      set(
        name,
        kind,
        body.settle(convert(body, lower(body, property.initializer), kind, property)),
      );
    } else if (ts.isShorthandPropertyAssignment(property)) {
      const symbol = world.checker.getShorthandAssignmentValueSymbol(property)!;
      const name = property.name.text;
      const own = body.kindOfType(world.checker.getTypeOfSymbol(symbol));
      const v =
        property.name.text === 'undefined'
          ? { c: '((ref)0)', kind: 'ref' as const }
          : readSymbol(body, world.resolveAlias(symbol), property.name);
      const kind = kindFor(
        name,
        own === 'void' ? 'ref' : v.kind === 'f64' || v.kind === 'u64' ? v.kind : own,
      );
      set(name, kind, body.settle(convert(body, v, kind, property)));
    } else if (ts.isMethodDeclaration(property)) {
      set(propertyName(property.name), 'ref', undefined, property);
    } else if (ts.isSpreadAssignment(property)) {
      const type = body.typeOf(property.expression);
      const source = body.settle(lower(body, property.expression));
      for (const p of world.types.receiver(type).getProperties()) {
        const value = body.settle(takeProperty(body, source, type, p.name, property));
        const before = fields.find((f) => f.name === p.name);
        if (p.flags & ts.SymbolFlags.Optional && before?.value) {
          // An absent property leaves what was there.
          const merged = body.slot(before.kind);
          body.emit(`${merged.c} = ${before.value.c};`);
          body.emit(`if (${value.c} != 0) {`);
          body.emit(`${merged.c} = ${convert(body, value, before.kind, property).c};`);
          body.emit('}');
          set(p.name, before.kind, merged);
          continue;
        }
        const kind = kindFor(p.name, value.kind);
        set(p.name, kind, convert(body, value, kind, property));
      }
    } else {
      body.refuse('syntax', property, 'an accessor in an object literal');
    }
  }
  const cls = shapeClass(body, fields);
  const object = allocate(body, cls);
  for (const field of fields) {
    if (field.value)
      body.emit(`${fieldPlace(cls, cls.fields.get(field.name)!, object.c)} = ${field.value.c};`);
  }
  const methods = fields.filter((f) => f.method);
  if (methods.length > 0) {
    const saved = body.variables.get('this');
    const savedClass = body.thisClass;
    body.variables.set('this', { c: object.c, kind: 'ref', boxed: false });
    body.thisClass = cls;
    for (const field of methods) {
      const closure = closureValue(body, field.method!);
      body.emit(`${fieldPlace(cls, cls.fields.get(field.name)!, object.c)} = ${closure.c};`);
    }
    body.thisClass = savedClass;
    if (saved) body.variables.set('this', saved);
    else body.variables.delete('this');
  }
  return object;
}
