/** Construction: `new`, constructors, `super(...)`. */
import * as ts from 'typescript';
import { arrayClass, isReference, type Kind, viewTypes } from '../kinds.js';
import type { ClassInstance, FunctionInstance, Value } from '../model.js';
import { hasModifier, propertyName } from '../world.js';
import { allocate, literalElementKind, newArray, push } from './aggregates.js';
import { type Body, undefinedValue } from './body.js';
import { callRuntime, elementsOf, lowerArguments } from './calls.js';
import { convert } from './convert.js';
import { lower, lowerAs, lowerInto } from './expressions.js';
import { fieldPlace, fieldValue } from './property.js';
import { lowerBlock } from './statements.js';

/** The constructor that runs for a class: its own, or one that passes everything to the base class. */
export function constructorOf(body: Body, cls: ClassInstance): FunctionInstance | undefined {
  const world = body.world;
  const declaration = cls.declaration;
  if (!declaration) return undefined;
  const own = declaration.members.find(
    (m): m is ts.ConstructorDeclaration => ts.isConstructorDeclaration(m) && m.body !== undefined,
  );
  if (own) return world.functionInstance(own, cls.environment, cls);
  const base = cls.base && constructorOf(body, cls.base);
  const hasFields = declaration.members.some(
    (m) => ts.isPropertyDeclaration(m) && !hasModifier(m, ts.SyntaxKind.StaticKeyword),
  );
  if (!hasFields) return base;
  return world.customFunction(`new${cls.index}`, () => ({
    cname: world.uniqueName(`${cls.module.name}_${cls.name}_constructor`),
    displayName: `${cls.name}.constructor`,
    module: cls.module,
    declaration: undefined,
    environment: cls.environment,
    thisClass: cls,
    self: true,
    parameters: base?.parameters ?? [],
    result: 'void',
    entrySymbol: undefined,
    custom: (inner: Body) => {
      inner.variables.set('this', { c: 'self', kind: 'ref', boxed: false });
      if (base) {
        inner.call(
          { how: 'direct', instance: base },
          ['self', ...base.parameters.map((_, i) => `p${i}`)],
          'void',
        );
      }
      initialiseFields(inner, cls);
      inner.emit({ op: 'return', value: '' });
    },
  }));
}

export function lowerConstructorBody(
  body: Body,
  cls: ClassInstance,
  declaration: ts.ConstructorDeclaration,
): void {
  const parameterProperties = (): void => {
    for (const parameter of declaration.parameters) {
      if (!ts.isParameterPropertyDeclaration(parameter, declaration)) continue;
      const symbols = body.world.checker.getSymbolsOfParameterPropertyDeclaration(
        parameter,
        propertyName(parameter.name as ts.Identifier),
      );
      const symbol = symbols.find((s) => s.flags & ts.SymbolFlags.FunctionScopedVariable)!;
      const variable = body.lookup(symbol)!;
      const field = cls.fields.get(propertyName(parameter.name as ts.Identifier))!;
      const value = convert(body, body.read(variable), field.kind, parameter);
      body.emit(`TS_WR(${fieldPlace(cls, field, 'self')}, ${fieldValue(body, field, value.c)});`);
    }
  };
  if (!cls.base) {
    initialiseFields(body, cls);
    parameterProperties();
  } else {
    body.afterSuper = () => {
      initialiseFields(body, cls);
      parameterProperties();
    };
  }
  lowerBlock(body, declaration.body!.statements);
  body.emit({ op: 'return', value: '' });
}

function initialiseFields(body: Body, cls: ClassInstance): void {
  for (const member of cls.declaration!.members) {
    if (
      !ts.isPropertyDeclaration(member) ||
      hasModifier(member, ts.SyntaxKind.StaticKeyword) ||
      !member.initializer
    )
      continue;
    body.at(member);
    const field = cls.fields.get(propertyName(member.name))!;
    const value = lowerInto(body, member.initializer, body.typeOf(member), field.kind);
    body.emit(`TS_WR(${fieldPlace(cls, field, 'self')}, ${fieldValue(body, field, value.c)});`);
  }
}

export function superCall(body: Body, node: ts.CallExpression): Value {
  const base = body.thisClass?.base;
  if (!base) return body.refuse('syntax', node, 'super() without a base class');
  const construction = constructorOf(body, base);
  const signature = body.world.checker.getResolvedSignature(node);
  if (construction) {
    const args = lowerArguments(
      body,
      construction.parameters,
      node.arguments,
      construction.environment,
      node,
      signature,
    );
    body.call({ how: 'direct', instance: construction }, ['self', ...args], 'void');
  }
  body.afterSuper?.();
  return undefinedValue;
}

export function construct(
  body: Body,
  cls: ClassInstance,
  args: readonly ts.Expression[],
  node: ts.Expression,
): Value {
  const construction = constructorOf(body, cls);
  const signature = ts.isNewExpression(node)
    ? body.world.checker.getResolvedSignature(node)
    : undefined;
  const passed = construction
    ? lowerArguments(body, construction.parameters, args, construction.environment, node, signature)
    : [];
  const object = allocate(body, cls);
  if (construction)
    body.call({ how: 'direct', instance: construction }, [object.c, ...passed], 'void');
  return object;
}

export function lowerNew(body: Body, node: ts.NewExpression): Value {
  const world = body.world;
  const checker = world.checker;
  let symbol = checker.getSymbolAtLocation(node.expression);
  if (symbol) symbol = world.resolveAlias(symbol);
  const args = node.arguments ?? [];
  if (symbol?.declarations?.every((d) => d.getSourceFile().isDeclarationFile))
    return newLibrary(body, node, symbol.name, args);
  const cls = world.classOf(body.typeOf(node), body.environment);
  if (!cls?.declaration)
    return body.refuse('classValue', node.expression, node.expression.getText());
  return construct(body, cls, args, node);
}

function newLibrary(
  body: Body,
  node: ts.NewExpression,
  name: string,
  args: readonly ts.Expression[],
): Value {
  const world = body.world;
  if (name === 'Array') {
    const type = body.typeOf(node);
    const context = world.checker.getContextualType(node);
    const chosen =
      context && world.types.isArray(world.types.nonNull(context))
        ? world.types.nonNull(context)
        : type;
    const kind = world.types.elementKind(chosen, body.environment);
    if (args.length > 1) {
      const array = newArray(body, kind, '0');
      for (const arg of args) push(body, array.c, kind, lowerAs(body, arg, kind).c);
      return array;
    }
    return newArray(body, kind, args[0] ? lowerAs(body, args[0], 'int').c : '0');
  }
  const view = viewTypes.get(name);
  if (view || name === 'ArrayBuffer' || name === 'DataView') return newView(body, node, name, args);
  const cls = world.classOf(body.typeOf(node), body.environment);
  if (!cls) return body.refuse('missingRuntime', node, `class ${name}Impl`);
  if ((name === 'Map' || name === 'Set') && args[0])
    return newCollection(body, node, name, cls, args[0]);
  return construct(body, cls, args, node);
}

function newCollection(
  body: Body,
  node: ts.NewExpression,
  name: string,
  cls: ClassInstance,
  source: ts.Expression,
): Value {
  const world = body.world;
  const object = construct(body, cls, [], node);
  const method = world.findMember(cls, name === 'Map' ? 'set' : 'add', 'call')!;
  const instance = world.functionInstance(
    method.declaration,
    method.owner.environment,
    method.owner,
  );
  const kinds = instance.parameters.map((p) => p.kind);
  if (name === 'Map' && ts.isArrayLiteralExpression(source)) {
    // Entries written out need no pair objects.
    for (const element of source.elements) {
      if (!ts.isArrayLiteralExpression(element) || element.elements.length !== 2)
        return body.refuse('syntax', element, 'this Map entry');
      const key = body.settle(lowerAs(body, element.elements[0]!, kinds[0]!));
      const value = body.settle(lowerAs(body, element.elements[1]!, kinds[1]!));
      body.call({ how: 'direct', instance }, [object.c, key.c, value.c], instance.result);
    }
    return object;
  }
  elementsOf(body, source, (item) => {
    if (name === 'Set') {
      body.call(
        { how: 'direct', instance },
        [object.c, convert(body, item, kinds[0]!, node).c],
        instance.result,
      );
      return;
    }
    const type = world.types.receiver(body.typeOf(source));
    const pairType = world.types.elementTypes(type)?.[0];
    const inner: Kind =
      pairType && world.types.isArray(pairType)
        ? world.types.elementKind(pairType, body.environment)
        : 'val';
    const at = (i: number): Value =>
      body.temp(
        inner,
        `*(${isReference(inner) ? 'ref' : 'int64_t'} *)ts_arr_at(${item.c}, ${i}, ${body.site})`,
      );
    const key = convert(body, at(0), kinds[0]!, node);
    body.call(
      { how: 'direct', instance },
      [object.c, key.c, convert(body, at(1), kinds[1]!, node).c],
      instance.result,
    );
  });
  return object;
}

/** Typed arrays, buffers and views: the runtime allocates the bytes. */
function newView(
  body: Body,
  node: ts.NewExpression,
  name: string,
  args: readonly ts.Expression[],
): Value {
  const world = body.world;
  const view = viewTypes.get(name);
  const cls = view?.cls ?? (name === 'ArrayBuffer' ? 18 : 19);
  const width = view?.width ?? 1;
  const first = args[0];
  const site = body.site;
  if (!first) return body.temp('ref', `ts_view_new(${cls}, 0, ${width}, ${site})`);
  const type = world.types.receiver(body.typeOf(first));
  if (body.kindOfType(type) === 'int') {
    return body.temp(
      'ref',
      `ts_view_new(${cls}, ${lowerAs(body, first, 'int').c}, ${width}, ${site})`,
    );
  }
  // `bytes.buffer` is ArrayBuffer | SharedArrayBuffer: one representation serves both.
  const library = world.types.libraryName(type.isUnion() ? type.types[0] : type);
  if (library?.startsWith('ArrayBuffer') || library === 'SharedArrayBuffer') {
    const buffer = body.settle(lower(body, first));
    const offset = args[1] ? body.settle(lowerAs(body, args[1], 'int')).c : '0';
    const length = args[2]
      ? body.settle(convert(body, lower(body, args[2]), 'int', args[2])).c
      : '-1';
    return body.temp(
      'ref',
      `ts_view_over(${cls}, ${buffer.c}, ${offset}, ${length}, ${width}, ${site})`,
    );
  }
  if (!view) return body.refuse('syntax', node, `new ${name} of this value`);
  if (world.types.isArray(type) || viewTypes.has(library ?? '')) {
    const source = body.settle(lower(body, first));
    const array = world.types.isArray(type);
    const length = array
      ? `ts_arr_len(${source.c})`
      : `((struct ts_view *)${source.c})->byteLength / ${viewTypes.get(library!)!.width}`;
    const result = body.temp('ref', `ts_view_new(${cls}, ${length}, ${width}, ${site})`);
    const i = body.unique('i');
    const from = array
      ? `*(${(ts.isArrayLiteralExpression(first) ? literalElementKind(body, first) : world.types.elementKind(type, body.environment)) === 'f64' ? 'double' : 'int64_t'} *)(TS_STORAGE((struct ts_arr *)${source.c}) + ${i} * 8)`
      : `((${viewTypes.get(library!)!.c} *)((struct ts_view *)${source.c})->address)[${i}]`;
    body.emit(
      `for (int64_t ${i} = 0; ${i} < ${length}; ${i}++) ((${view.c} *)((struct ts_view *)${result.c})->address)[${i}] = (${view.c})${from};`,
    );
    return result;
  }
  return body.refuse('syntax', node, `new ${name} of this value`);
}

export { arrayClass, callRuntime };
