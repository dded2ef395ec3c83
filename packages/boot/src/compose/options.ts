/** Options of a subsystem against their schema. */
import { CompositionError } from '../errors.js';
import { nearest } from '../nearest.js';
import type { OptionSchema, OptionValues, Subsystem } from './descriptor.js';

function problem(schema: OptionSchema, value: boolean | number | string): string | undefined {
  if (typeof value !== schema.kind) return `must be a ${schema.kind}, not ${typeof value}`;
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return 'must be an integer';
    if (schema.minimum !== undefined && value < schema.minimum) return `is below ${schema.minimum}`;
    if (schema.maximum !== undefined && value > schema.maximum) return `is above ${schema.maximum}`;
  }
  if (schema.oneOf && !schema.oneOf.includes(String(value))) {
    return `must be one of ${schema.oneOf.join(', ')}`;
  }
  return undefined;
}

/** All options with the defaults filled in, in the schema's order. Throws CompositionError for the first wrong one. */
export function completeOptions(chosen: Subsystem): OptionValues {
  const { name, options: schemas } = chosen.descriptor;
  for (const key of Object.keys(chosen.options)) {
    if (!Object.hasOwn(schemas, key)) {
      const close = nearest(key, Object.keys(schemas));
      throw new CompositionError(
        `subsystem ${name} has no option '${key}'${close ? `; did you mean '${close}'?` : ''}`,
      );
    }
  }
  const complete: Record<string, boolean | number | string> = {};
  for (const [key, schema] of Object.entries(schemas)) {
    const value = chosen.options[key] ?? schema.default;
    const why = problem(schema, value);
    if (why) throw new CompositionError(`subsystem ${name}: option '${key}' ${why}`);
    complete[key] = value;
  }
  return complete;
}
