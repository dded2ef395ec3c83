/**
 * Resolution: which provider serves which need, and the order of construction.
 *
 * Every contract has at most one provider unless every user says `many`. A missing or doubled provider, another version, a
 * name used twice or a circle is an error that names both sides. The result depends on the set of subsystems alone: those
 * that could be built in any order are built in the order of their names.
 */
import { CompositionError } from '../errors.js';
import type { Need, OptionValues, Subsystem, SubsystemDescriptor } from './descriptor.js';
import { completeOptions } from './options.js';

export interface ResolvedNeed {
  readonly need: Need;
  /** Names of the providers: one for `one`, none or one for `optional`, any number for `many`. */
  readonly providers: readonly string[];
}

export interface ResolvedSubsystem {
  readonly descriptor: SubsystemDescriptor;
  readonly options: OptionValues;
  readonly needs: readonly ResolvedNeed[];
}

export interface Composition {
  /** In the order of construction. */
  readonly subsystems: readonly ResolvedSubsystem[];
  /** The subsystem that provides `root`, which the entry runs after all are constructed. */
  readonly root: string;
}

const NAME = /^[A-Za-z][A-Za-z0-9]*$/;

function checkNames(chosen: readonly Subsystem[]): void {
  const seen = new Map<string, SubsystemDescriptor>();
  for (const { descriptor } of chosen) {
    if (!NAME.test(descriptor.name)) {
      throw new CompositionError(
        `'${descriptor.name}' (${descriptor.module}) is no name for a subsystem`,
      );
    }
    const other = seen.get(descriptor.name);
    if (other) {
      throw new CompositionError(
        `two subsystems are called ${descriptor.name}: ${other.module} and ${descriptor.module}`,
      );
    }
    seen.set(descriptor.name, descriptor);
  }
}

function resolveNeed(
  user: SubsystemDescriptor,
  need: Need,
  chosen: readonly Subsystem[],
): ResolvedNeed {
  const named = chosen.filter((one) =>
    one.descriptor.provides.some((p) => p.contract === need.contract),
  );
  const wrong = named.filter((one) =>
    one.descriptor.provides.every(
      (p) => p.contract !== need.contract || p.version !== need.version,
    ),
  );
  if (wrong.length > 0) {
    const { descriptor } = wrong[0];
    const has = descriptor.provides
      .filter((p) => p.contract === need.contract)
      .map((p) => p.version);
    throw new CompositionError(
      `${user.name} needs ${need.contract} version ${need.version}, but ${descriptor.name} provides version ${has.join(', ')}`,
    );
  }
  const providers = named.map((one) => one.descriptor.name).sort();
  const count = need.count ?? 'one';
  if (count === 'one' && providers.length === 0) {
    throw new CompositionError(
      `${user.name} (${user.module}) needs ${need.contract} version ${need.version}, which no chosen subsystem provides`,
    );
  }
  if (count !== 'many' && providers.length > 1) {
    throw new CompositionError(
      `${user.name} needs one provider of ${need.contract}, but ${providers.join(' and ')} both provide it`,
    );
  }
  return { need, providers };
}

function order(resolved: readonly ResolvedSubsystem[]): ResolvedSubsystem[] {
  const waiting = [...resolved].sort((a, b) => (a.descriptor.name < b.descriptor.name ? -1 : 1));
  const done = new Set<string>();
  const ordered: ResolvedSubsystem[] = [];
  while (waiting.length > 0) {
    const index = waiting.findIndex((one) =>
      one.needs.every((n) => n.providers.every((p) => done.has(p))),
    );
    if (index < 0) {
      const names = waiting.map((one) => one.descriptor.name).join(', ');
      throw new CompositionError(`these subsystems need each other in a circle: ${names}`);
    }
    const [next] = waiting.splice(index, 1);
    done.add(next.descriptor.name);
    ordered.push(next);
  }
  return ordered;
}

/** Resolves the chosen subsystems around the contract `root` ('program'). Throws CompositionError. */
export function resolveComposition(
  chosen: readonly Subsystem[],
  root: { contract: string; version: number },
): Composition {
  checkNames(chosen);
  const asRoot = resolveNeed(
    { name: 'the image', provides: [], needs: [], options: {}, module: 'boot', construct: '' },
    root,
    chosen,
  );
  const resolved = chosen.map((one) => ({
    descriptor: one.descriptor,
    options: completeOptions(one),
    needs: one.descriptor.needs.map((need) => resolveNeed(one.descriptor, need, chosen)),
  }));
  return { subsystems: order(resolved), root: asRoot.providers[0] };
}
