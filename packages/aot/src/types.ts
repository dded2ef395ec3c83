/** From TypeScript types to kinds. */
import * as ts from 'typescript';
import { type Kind, optional, type Storage, unite } from './kinds.js';
import type { Environment } from './model.js';

const F = ts.TypeFlags;

export const emptyEnvironment: Environment = { kinds: new Map(), key: '' };

export function makeEnvironment(parent: Environment, added: [ts.Symbol, Kind][]): Environment {
  if (added.length === 0) return parent;
  const kinds = new Map(parent.kinds);
  for (const [symbol, kind] of added) kinds.set(symbol, kind);
  const key = [...kinds].map(([symbol, kind]) => `${symbol.name}:${kind}`).join(',');
  return { kinds, key };
}

/** The name in a weak brand: `number & { readonly [F64]?: 'f64' }`. */
function brandOf(type: ts.IntersectionType): string | undefined {
  for (const part of type.types) {
    if (!(part.flags & F.Object)) continue;
    const properties = part.getProperties();
    if (properties.length !== 1) continue;
    const property = properties[0]!;
    const declaration = property.valueDeclaration;
    if (declaration && ts.isPropertySignature(declaration) && declaration.type) {
      const t = declaration.type;
      if (ts.isLiteralTypeNode(t) && ts.isStringLiteral(t.literal)) return t.literal.text;
    }
  }
  return type.aliasSymbol?.name;
}

const narrow: ReadonlySet<string> = new Set(['u8', 'u16', 'u32', 'i8', 'i16', 'i32', 'f32']);

export function storageOf(type: ts.Type): Storage {
  if (type.isIntersection()) {
    const brand = brandOf(type);
    if (brand !== undefined && narrow.has(brand)) return brand as Storage;
  }
  return 'word';
}

export function isNullish(type: ts.Type): boolean {
  return (type.flags & (F.Undefined | F.Null | F.Void)) !== 0;
}

export class Types {
  readonly checker: ts.TypeChecker;
  constructor(checker: ts.TypeChecker) {
    this.checker = checker;
  }

  kindOf(type: ts.Type, environment: Environment): Kind {
    const flags = type.flags;
    if (flags & F.Union && !(flags & (F.Boolean | F.EnumLike))) {
      const kinds: Kind[] = [];
      let nullish = false;
      for (const member of (type as ts.UnionType).types) {
        if (isNullish(member)) nullish = true;
        else kinds.push(this.kindOf(member, environment));
      }
      return unite(kinds, nullish);
    }
    if (flags & F.NumberLike) {
      if (flags & F.NumberLiteral && !Number.isInteger((type as ts.NumberLiteralType).value))
        return 'f64';
      if (flags & F.EnumLiteral && flags & F.Union) {
        return unite(
          (type as ts.UnionType).types.map((t) => this.kindOf(t, environment)),
          false,
        );
      }
      return 'int';
    }
    if (flags & F.StringLike) return 'str';
    if (flags & F.BooleanLike) return 'bool';
    // Without a brand a bigint is unsigned at borders; negative ones say i64.
    if (flags & F.BigIntLike)
      return flags & F.BigIntLiteral && (type as ts.BigIntLiteralType).value.negative
        ? 'i64'
        : 'u64';
    if (flags & F.EnumLike && flags & F.Union) {
      return unite(
        (type as ts.UnionType).types.map((t) => this.kindOf(t, environment)),
        false,
      );
    }
    if (flags & (F.Any | F.Unknown)) return 'val';
    if (isNullish(type) || flags & F.Never) return 'ref';
    if (flags & F.TypeParameter) {
      const known = environment.kinds.get(type.symbol);
      if (known) return known;
      if ((type as ts.TypeParameter & { isThisType?: boolean }).isThisType) return 'ref';
      return 'val';
    }
    if (type.isIntersection()) {
      const brand = brandOf(type);
      let best: Kind = 'ref';
      for (const part of type.types) {
        const kind = this.kindOf(part, environment);
        if (kind === 'int') return brand === 'f64' || brand === 'f32' ? 'f64' : 'int';
        if (kind === 'u64' || kind === 'i64') return brand === 'i64' ? 'i64' : 'u64';
        if (kind === 'val') {
          if (best === 'ref') best = part.flags & F.Unknown ? best : 'val';
        } else if (kind !== 'ref') best = kind;
      }
      return best;
    }
    if (flags & (F.IndexedAccess | F.Conditional | F.Index | F.Substitution)) {
      const constraint = this.checker.getBaseConstraintOfType(type);
      return constraint && constraint !== type ? this.kindOf(constraint, environment) : 'val';
    }
    return 'ref';
  }

  /** Is a type parameter in `type` that the environment does not know? */
  isForeign(type: ts.Type, environment: Environment): boolean {
    if (type.flags & F.TypeParameter) {
      return (
        !environment.kinds.has(type.symbol) &&
        !(type as ts.TypeParameter & { isThisType?: boolean }).isThisType
      );
    }
    if (type.isUnionOrIntersection()) return type.types.some((t) => this.isForeign(t, environment));
    const element = this.elementTypes(type);
    return element?.some((t) => this.isForeign(t, environment)) ?? false;
  }

  isArray(type: ts.Type): boolean {
    return this.checker.isArrayType(type) || this.checker.isTupleType(type);
  }

  /** Element types of an array or tuple. */
  elementTypes(type: ts.Type): readonly ts.Type[] | undefined {
    if (!this.isArray(type)) return undefined;
    return this.checker.getTypeArguments(type as ts.TypeReference);
  }

  elementKind(type: ts.Type, environment: Environment): Kind {
    if (this.checker.isTupleType(type)) {
      const reference = type as ts.TupleTypeReference;
      const parts = this.checker.getTypeArguments(reference);
      const flags = reference.target.elementFlags;
      const kinds = parts.map((t, i) => {
        const kind = this.kindOf(t, environment);
        return flags[i]! & ts.ElementFlags.Optional ? optional(kind) : kind;
      });
      if (kinds.length === 0) return 'val';
      const united = unite(kinds, false);
      return new Set(kinds).size > 1 && !kinds.every((k) => k === united) ? 'val' : united;
    }
    const parts = this.checker.getTypeArguments(type as ts.TypeReference);
    return parts[0] ? this.kindOf(parts[0], environment) : 'val';
  }

  /** The declared default library type of this name, e.g. 'Map' for Map<K, V>. */
  libraryName(type: ts.Type): string | undefined {
    const symbol = type.getSymbol();
    const declaration = symbol?.declarations?.[0];
    if (!symbol || !declaration) return undefined;
    const file = declaration.getSourceFile();
    return file.isDeclarationFile &&
      /[\\/]lib\.[^\\/]*\.d\.ts$|tessera-globals\.d\.ts$/.test(file.fileName)
      ? symbol.name
      : undefined;
  }

  nonNull(type: ts.Type): ts.Type {
    return this.checker.getNonNullableType(type);
  }

  /** The type whose members a receiver has: constraints instead of type parameters, no undefined or null. */
  receiver(type: ts.Type): ts.Type {
    let t = this.checker.getNonNullableType(type);
    if (t.flags & (F.TypeParameter | F.IndexedAccess | F.Conditional)) {
      t = this.checker.getBaseConstraintOfType(t) ?? t;
      t = this.checker.getNonNullableType(t);
    }
    return t;
  }
}
