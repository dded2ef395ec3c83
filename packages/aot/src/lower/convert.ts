/** Conversions between kinds, and the check that a generic container is never viewed with other element kinds. */
import * as ts from 'typescript';
import { isReference, type Kind } from '../kinds.js';
import type { Value } from '../model.js';
import type { Body } from './body.js';

/** `value` as `kind`; refuses what JavaScript would not do silently, checks what may fail. */
export function convert(body: Body, value: Value, kind: Kind, node: ts.Node): Value {
  const from = value.kind;
  if (from === kind || kind === 'void') return value;
  if (isReference(from) && isReference(kind)) return { ...value, kind };
  const site = body.site;
  const as = (c: string): Value => ({ c, kind });
  if (from === 'void') return convert(body, { c: '((ref)0)', kind: 'ref' }, kind, node);
  if (kind === 'val' || isReference(kind)) {
    switch (from) {
      case 'int':
        return as(`ts_of_int(${value.c})`);
      case 'bool':
        return as(`ts_of_bool(${value.c})`);
      case 'f64':
        return body.temp(kind, `ts_of_f64(${value.c})`);
      case 'u64':
        return body.temp(kind, `ts_box_u64(${value.c})`);
      case 'i64':
        return body.temp(kind, `ts_box_i64(${value.c})`);
    }
  }
  if (isReference(from)) {
    switch (kind) {
      case 'int':
        return body.temp(kind, `ts_to_int(${value.c}, ${site})`);
      case 'bool':
        return as(`ts_to_bool(${value.c})`);
      case 'f64':
        return body.temp(kind, `ts_to_f64(${value.c}, ${site})`);
      case 'u64':
        return body.temp(kind, `ts_to_u64(${value.c}, ${site})`);
      case 'i64':
        return body.temp(kind, `ts_to_i64(${value.c}, ${site})`);
    }
  }
  if (from === 'int' && kind === 'f64') return as(`((double)${value.c})`);
  if (from === 'f64' && kind === 'int') return body.refuse('floatToInt', node, clip(node));
  if (from === 'u64' && kind === 'i64') {
    return body.temp(kind, `ts_u2i(${value.c}, ${site})`);
  }
  if (from === 'i64' && kind === 'u64') {
    const literal = /^INT64_C\((\d+)\)$/.exec(value.c);
    return literal ? as(`UINT64_C(${literal[1]})`) : body.temp(kind, `ts_i2u(${value.c}, ${site})`);
  }
  return body.refuse('conversion', node, `${from} to ${kind} (${clip(node)})`);
}

export function clip(node: ts.Node): string {
  const text = node.getText().replace(/\s+/g, ' ');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/**
 * TypeScript's arrays are covariant, ours hold one kind: `number[]` is not a `(number | undefined)[]` natively. Checked
 * where a value of one static type flows into a place of another.
 */
export function checkContainers(
  body: Body,
  from: ts.Type,
  to: ts.Type,
  node: ts.Node,
  depth: number = 0,
): void {
  if (from === to || depth > 3) return;
  const types = body.world.types;
  const a = types.nonNull(from);
  const b = types.nonNull(to);
  if (a === b || a.isUnionOrIntersection() || b.isUnionOrIntersection()) return;
  const aArray = types.isArray(a);
  if (aArray && types.isArray(b)) {
    const x = types.elementKind(a, body.environment);
    const y = types.elementKind(b, body.environment);
    const bothReferences = isReference(x) && isReference(y);
    const never = (types.elementTypes(a) ?? []).every((t) => t.flags & ts.TypeFlags.Never);
    if (x !== y && !bothReferences && !never) {
      if (types.isForeign(a, body.environment) || types.isForeign(b, body.environment)) return;
      body.refuse('arrayKinds', node, x, y);
    }
    const inner = types.elementTypes(a);
    const outer = types.elementTypes(b);
    if (inner?.length === 1 && outer?.length === 1)
      checkContainers(body, inner[0]!, outer[0]!, node, depth + 1);
    return;
  }
  if (aArray || types.isArray(b)) return;
  const x = body.world.classOf(a, body.environment);
  const y = body.world.classOf(b, body.environment);
  if (!x || !y || body.world.isSubclass(x, y) || body.world.isSubclass(y, x)) return;
  if (types.isForeign(a, body.environment) || types.isForeign(b, body.environment)) return;
  body.refuse('arrayKinds', node, x.name, y.name);
}
