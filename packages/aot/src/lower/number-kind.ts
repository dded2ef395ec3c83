/**
 * The kind of a number-typed expression, from its syntax: the type checker says `number` for both integers and fractions.
 * Fractions come from `/` outside Math.trunc, fractional literals, Math.sqrt and the like, and from brands.
 */
import * as ts from 'typescript';
import type { Kind } from '../kinds.js';
import type { Environment } from '../model.js';
import type { World } from '../world.js';
import { evaluate } from './constants.js';

const S = ts.SyntaxKind;
const floatMath: ReadonlySet<string> = new Set([
  'sqrt',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'atan2',
  'sinh',
  'cosh',
  'tanh',
  'exp',
  'expm1',
  'log',
  'log2',
  'log10',
  'log1p',
  'pow',
  'random',
  'hypot',
  'cbrt',
  'fround',
  'asinh',
  'acosh',
  'atanh',
]);
const floatConstants: ReadonlySet<string> = new Set([
  'PI',
  'E',
  'LN2',
  'LN10',
  'LOG2E',
  'LOG10E',
  'SQRT2',
  'SQRT1_2',
  'EPSILON',
  'MAX_VALUE',
  'MIN_VALUE',
  'NaN',
  'POSITIVE_INFINITY',
  'NEGATIVE_INFINITY',
]);
const active = new Set<ts.Node>();

function join(a: Kind, b: Kind): Kind {
  if (a === b) return a;
  if (a === 'f64' || b === 'f64') return 'f64';
  return 'i64';
}

function isNonNegativeLiteral(world: World, node: ts.Expression): boolean {
  const constant = evaluate(world, node);
  return typeof constant === 'bigint' && constant >= 0n;
}

function isReassigned(world: World, declaration: ts.VariableDeclaration): boolean {
  void world;
  return !(
    ts.isVariableDeclarationList(declaration.parent) &&
    declaration.parent.flags & ts.NodeFlags.Const
  );
}

/** A bigint variable that starts with a literal takes its sign from what is assigned later. */
function signOfVariable(
  world: World,
  declaration: ts.VariableDeclaration,
  environment: Environment,
): Kind {
  const list = declaration.parent;
  if (
    !ts.isIdentifier(declaration.name) ||
    (ts.isVariableDeclarationList(list) && list.flags & ts.NodeFlags.Const)
  )
    return 'u64';
  const symbol = world.checker.getSymbolAtLocation(declaration.name);
  const name = declaration.name.text;
  let root: ts.Node = declaration;
  while (!ts.isSourceFile(root) && !ts.isFunctionLike(root)) root = root.parent;
  let unsigned = false;
  let signed = false;
  const visit = (n: ts.Node): void => {
    if (
      ts.isBinaryExpression(n) &&
      ts.isIdentifier(n.left) &&
      n.left.text === name &&
      world.checker.getSymbolAtLocation(n.left) === symbol
    ) {
      const op = n.operatorToken.kind;
      if (op === S.EqualsToken) {
        if (numberKind(world, n.right, environment) === 'i64') signed = true;
        else if (!isNonNegativeLiteral(world, n.right)) unsigned = true;
      } else if (op === S.MinusEqualsToken) signed = true;
      else if (op >= S.FirstCompoundAssignment && op <= S.LastCompoundAssignment) {
        if (numberKind(world, n.right, environment) === 'i64') signed = true;
      }
    } else if (
      (ts.isPrefixUnaryExpression(n) || ts.isPostfixUnaryExpression(n)) &&
      n.operator === S.MinusMinusToken &&
      ts.isIdentifier(n.operand) &&
      n.operand.text === name
    ) {
      signed = true;
    }
    ts.forEachChild(n, visit);
  };
  visit(root);
  return unsigned || !signed ? 'u64' : 'i64';
}

/** Kind of an expression or, for a function node, of what it returns. */
export function numberKind(world: World, node: ts.Node, environment: Environment): Kind {
  const base = (n: ts.Node): Kind => {
    const signature = ts.isFunctionLike(n)
      ? world.checker.getSignatureFromDeclaration(n)
      : undefined;
    return world.types.kindOf(
      signature
        ? world.checker.getReturnTypeOfSignature(signature)
        : world.checker.getTypeAtLocation(n),
      environment,
    );
  };
  const basic = base(node);
  const big = basic === 'u64' || basic === 'i64';
  if (basic !== 'int' && !big) return basic;
  if (!ts.isFunctionLike(node) && world.checker.getTypeAtLocation(node).isIntersection())
    return basic;
  const again = (n: ts.Node): Kind => {
    const kind = numberKind(world, n, environment);
    return kind === 'val' || kind === 'ref' ? basic : kind;
  };
  if (big && !ts.isFunctionLike(node)) {
    const constant = evaluate(world, node as ts.Expression);
    if (typeof constant === 'bigint') return constant < 0n ? 'i64' : 'u64';
  }
  if (ts.isFunctionLike(node)) {
    if (active.has(node)) return basic;
    active.add(node);
    try {
      const body = (node as ts.FunctionLikeDeclaration).body;
      if (!body) return basic;
      if (!ts.isBlock(body)) return again(body);
      let result: Kind | undefined;
      const visit = (n: ts.Node): void => {
        if (ts.isReturnStatement(n) && n.expression) {
          const kind = again(n.expression);
          result = result === undefined ? kind : join(result, kind);
        } else if (!ts.isFunctionLike(n) && !ts.isClassLike(n)) ts.forEachChild(n, visit);
      };
      visit(body);
      return result ?? basic;
    } finally {
      active.delete(node);
    }
  }
  if (ts.isNumericLiteral(node))
    return Number.isInteger(Number(node.text)) &&
      Math.abs(Number(node.text)) <= Number.MAX_SAFE_INTEGER
      ? 'int'
      : 'f64';
  if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node))
    return again(node.expression);
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) {
    const text = node.type.getText();
    return text === 'number' || text === 'bigint' || text === 'const'
      ? again(node.expression)
      : basic;
  }
  if (ts.isConditionalExpression(node)) return join(again(node.whenTrue), again(node.whenFalse));
  if (ts.isPrefixUnaryExpression(node)) {
    if (node.operator === S.TildeToken) return basic === 'int' ? 'int' : 'i64';
    if (node.operator === S.MinusToken && big) return 'i64';
    if (
      node.operator === S.PlusToken &&
      world.types.kindOf(world.checker.getTypeAtLocation(node.operand), environment) === 'str'
    ) {
      return 'f64';
    }
    return again(node.operand);
  }
  if (ts.isPostfixUnaryExpression(node)) return again(node.operand);
  if (ts.isBinaryExpression(node)) {
    const op = node.operatorToken.kind;
    if (op === S.CommaToken) return again(node.right);
    if (op === S.EqualsToken) return again(node.right);
    if (basic === 'int') {
      if (op === S.SlashToken || op === S.SlashEqualsToken) return 'f64';
      if (
        [
          S.AmpersandToken,
          S.BarToken,
          S.CaretToken,
          S.LessThanLessThanToken,
          S.GreaterThanGreaterThanToken,
          S.GreaterThanGreaterThanGreaterThanToken,
        ].includes(op)
      ) {
        return 'int';
      }
      return join(again(node.left), again(node.right));
    }
    if (op === S.GreaterThanGreaterThanToken || op === S.LessThanLessThanToken)
      return again(node.left);
    const left = again(node.left);
    const right = again(node.right);
    const minus = op === S.MinusToken;
    if (left === right) return left === 'u64' && minus ? 'i64' : left;
    if (minus) return 'i64';
    if (op === S.AmpersandToken) return 'u64';
    if (isNonNegativeLiteral(world, node.left)) return right;
    if (isNonNegativeLiteral(world, node.right)) return left;
    return 'u64';
  }
  if (ts.isIdentifier(node)) {
    if (node.text === 'NaN' || node.text === 'Infinity') return 'f64';
    let symbol = world.checker.getSymbolAtLocation(node);
    if (symbol) symbol = world.resolveAlias(symbol);
    const declaration = symbol?.valueDeclaration;
    if (
      declaration &&
      (ts.isVariableDeclaration(declaration) || ts.isParameter(declaration)) &&
      !declaration.type &&
      declaration.initializer
    ) {
      if (active.has(declaration)) return basic;
      active.add(declaration);
      try {
        if (ts.isVariableDeclaration(declaration))
          return variableKindOf(world, declaration, environment);
        return again(declaration.initializer);
      } finally {
        active.delete(declaration);
      }
    }
    if (declaration && ts.isVariableDeclaration(declaration) && declaration.type) {
      const declared = world.types.kindOf(
        world.checker.getTypeAtLocation(declaration.type),
        environment,
      );
      return declared === 'val' ? basic : declared;
    }
    return basic;
  }
  if (ts.isPropertyAccessExpression(node)) {
    if (
      ts.isIdentifier(node.expression) &&
      (node.expression.text === 'Math' || node.expression.text === 'Number') &&
      floatConstants.has(node.name.text)
    ) {
      return 'f64';
    }
    const declaration = world.checker.getSymbolAtLocation(node.name)?.valueDeclaration;
    if (
      declaration &&
      ts.isPropertyDeclaration(declaration) &&
      !declaration.type &&
      declaration.initializer
    ) {
      return again(declaration.initializer);
    }
    if (declaration && ts.isGetAccessorDeclaration(declaration) && !declaration.type)
      return again(declaration);
    return basic;
  }
  if (ts.isElementAccessExpression(node)) {
    const name = world.types.libraryName(world.checker.getTypeAtLocation(node.expression));
    if (name === 'Float64Array' || name === 'Float32Array') return 'f64';
    if (name === 'BigUint64Array') return 'u64';
    return basic;
  }
  if (ts.isCallExpression(node)) return callKind(world, node, basic, environment, again);
  return basic;
}

function callKind(
  world: World,
  node: ts.CallExpression,
  basic: Kind,
  environment: Environment,
  again: (n: ts.Node) => Kind,
): Kind {
  const callee = node.expression;
  if (ts.isIdentifier(callee)) {
    if (callee.text === 'parseFloat') return 'f64';
    if (callee.text === 'BigInt' && node.arguments[0]) {
      const kind = numberKind(world, node.arguments[0], environment);
      return kind === 'u64' ? 'u64' : 'i64';
    }
    if (callee.text === 'Number' && node.arguments[0]) {
      const kind = world.types.kindOf(world.checker.getTypeAtLocation(node.arguments[0]), {
        kinds: new Map(),
        key: '',
      });
      return kind === 'str' || kind === 'f64'
        ? 'f64'
        : kind === 'int'
          ? again(node.arguments[0])
          : 'int';
    }
  }
  if (ts.isPropertyAccessExpression(callee)) {
    const name = callee.name.text;
    if (ts.isIdentifier(callee.expression)) {
      const object = callee.expression.text;
      if (object === 'Math') {
        if (floatMath.has(name)) return 'f64';
        if (name === 'abs' || name === 'min' || name === 'max') {
          return node.arguments.map((a) => again(a)).reduce((a, b) => join(a, b), 'int');
        }
        return 'int';
      }
      if (object === 'BigInt') return name === 'asUintN' ? 'u64' : 'i64';
      if (object === 'Number' && name === 'parseFloat') return 'f64';
    }
    if (name === 'getFloat64' || name === 'getFloat32') return 'f64';
    if (name === 'getBigUint64') return 'u64';
  }
  const declaration = world.checker.getResolvedSignature(node)?.getDeclaration();
  if (declaration && !declaration.type && (declaration as ts.FunctionLikeDeclaration).body)
    return again(declaration);
  return basic;
}

/** Kind of a numeric variable without an annotation. */
export function variableKindOf(
  world: World,
  declaration: ts.VariableDeclaration,
  environment: Environment,
): Kind {
  const initializer = declaration.initializer!;
  const kind = numberKind(world, initializer, environment);
  const converted =
    ts.isCallExpression(initializer) && initializer.expression.getText() === 'BigInt';
  if (converted && kind === 'i64' && !isReassigned(world, declaration)) return kind;
  if ((kind === 'u64' && isNonNegativeLiteral(world, initializer)) || converted)
    return signOfVariable(world, declaration, environment);
  return kind;
}
