/** Which variables closures capture, and which of those need a box because they are assigned or seen before they exist. */
import * as ts from 'typescript';
import type { World } from '../world.js';

interface VariableFacts {
  captured: boolean;
  assigned: boolean;
  early: boolean;
}

interface FunctionFacts {
  /** Symbols of enclosing functions that it uses. */
  readonly free: Set<ts.Symbol>;
  usesThis: boolean;
}

const analysed = new WeakSet<ts.Node>();
const variables = new WeakMap<ts.Symbol, VariableFacts>();
const functions = new WeakMap<ts.Node, FunctionFacts>();
const statics = new WeakMap<ts.Node, boolean>();

function isContainer(node: ts.Node): boolean {
  return (
    (ts.isFunctionLike(node) && 'body' in node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isClassStaticBlockDeclaration(node)
  );
}

function containerOf(node: ts.Node): ts.Node {
  let n = node.parent;
  while (!isContainer(n) && !ts.isSourceFile(n)) n = n.parent;
  return n;
}

/** Container of a declaration: a parameter belongs to its function, a function declaration to its surroundings. */
function declarationContainer(declaration: ts.Declaration): ts.Node {
  return containerOf(declaration);
}

function facts(symbol: ts.Symbol): VariableFacts {
  let entry = variables.get(symbol);
  if (!entry) variables.set(symbol, (entry = { captured: false, assigned: false, early: false }));
  return entry;
}

function topStatement(node: ts.Node): ts.Node {
  let n = node;
  while (!ts.isSourceFile(n.parent)) n = n.parent;
  return n;
}

function isLocal(declaration: ts.Declaration | undefined): declaration is ts.Declaration {
  if (!declaration) return false;
  if (ts.isVariableDeclaration(declaration) || ts.isBindingElement(declaration))
    return !isModuleVariable(declaration);
  if (ts.isParameter(declaration)) return true;
  return ts.isFunctionDeclaration(declaration) && !ts.isSourceFile(declaration.parent);
}

/** Declared by a statement of the module itself (or by an exported one), so that it lives as long as the program. */
export function isModuleVariable(declaration: ts.VariableDeclaration | ts.BindingElement): boolean {
  let n: ts.Node = declaration;
  while (ts.isBindingElement(n) || ts.isArrayBindingPattern(n) || ts.isObjectBindingPattern(n))
    n = n.parent;
  return (
    ts.isVariableDeclaration(n) &&
    ts.isVariableDeclarationList(n.parent) &&
    ts.isVariableStatement(n.parent.parent) &&
    ts.isSourceFile(n.parent.parent.parent)
  );
}

function analyse(world: World, node: ts.Node): void {
  const root = topStatement(node);
  if (analysed.has(root)) return;
  analysed.add(root);
  const stack: ts.Node[] = [];
  const symbolOf = (id: ts.Identifier): ts.Symbol | undefined => {
    if (ts.isShorthandPropertyAssignment(id.parent) && id.parent.name === id)
      return world.checker.getShorthandAssignmentValueSymbol(id.parent);
    return world.checker.getSymbolAtLocation(id);
  };
  const markAssigned = (target: ts.Node): void => {
    if (ts.isIdentifier(target)) {
      const symbol = symbolOf(target);
      if (symbol && isLocal(symbol.valueDeclaration)) facts(symbol).assigned = true;
    } else if (ts.isArrayLiteralExpression(target)) target.elements.forEach(markAssigned);
    else if (ts.isObjectLiteralExpression(target)) target.properties.forEach(markAssigned);
    else if (ts.isPropertyAssignment(target)) markAssigned(target.initializer);
    else if (ts.isShorthandPropertyAssignment(target)) markAssigned(target.name);
    else if (ts.isSpreadElement(target) || ts.isSpreadAssignment(target))
      markAssigned(target.expression);
    else if (
      ts.isParenthesizedExpression(target) ||
      ts.isNonNullExpression(target) ||
      ts.isAsExpression(target)
    )
      markAssigned(target.expression);
    else if (
      ts.isBinaryExpression(target) &&
      target.operatorToken.kind === ts.SyntaxKind.EqualsToken
    )
      markAssigned(target.left);
  };
  const visit = (n: ts.Node): void => {
    if (ts.isTypeNode(n)) return;
    if (
      ts.isBinaryExpression(n) &&
      n.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
      n.operatorToken.kind <= ts.SyntaxKind.LastAssignment
    ) {
      markAssigned(n.left);
    } else if (
      (ts.isPrefixUnaryExpression(n) || ts.isPostfixUnaryExpression(n)) &&
      (n.operator === ts.SyntaxKind.PlusPlusToken || n.operator === ts.SyntaxKind.MinusMinusToken)
    ) {
      markAssigned(n.operand);
    } else if (
      (ts.isForOfStatement(n) || ts.isForInStatement(n)) &&
      !ts.isVariableDeclarationList(n.initializer)
    ) {
      markAssigned(n.initializer);
    }
    if (n.kind === ts.SyntaxKind.ThisKeyword || n.kind === ts.SyntaxKind.SuperKeyword) {
      for (let i = stack.length - 1; i >= 0; i--) {
        functions.get(stack[i]!)!.usesThis = true;
        if (!ts.isArrowFunction(stack[i]!)) break;
      }
    }
    if (ts.isIdentifier(n) && stack.length > 1) {
      const parent = n.parent;
      const isName =
        (ts.isPropertyAccessExpression(parent) && parent.name === n) ||
        (ts.isPropertyAssignment(parent) && parent.name === n);
      const symbol = isName ? undefined : symbolOf(n);
      const declaration = symbol?.valueDeclaration;
      if (symbol && isLocal(declaration) && parent !== declaration) use(symbol, declaration, n);
    }
    if (isContainer(n)) {
      stack.push(n);
      functions.set(n, { free: new Set(), usesThis: false });
      ts.forEachChild(n, visit);
      stack.pop();
    } else ts.forEachChild(n, visit);
  };
  const use = (symbol: ts.Symbol, declaration: ts.Declaration, at: ts.Identifier): void => {
    const owner = declarationContainer(declaration);
    for (let i = stack.length - 1; i >= 0 && stack[i] !== owner; i--) {
      const user = stack[i]!;
      if (ts.isFunctionDeclaration(declaration) && user === declaration) continue;
      functions.get(user)!.free.add(symbol);
      const entry = facts(symbol);
      entry.captured = true;
      if (user.getStart() < declaration.getEnd() || ts.isFunctionDeclaration(declaration))
        entry.early = true;
    }
    void at;
  };
  visit(root);
}

export function needsBox(world: World, symbol: ts.Symbol): boolean {
  const declaration = symbol.valueDeclaration;
  if (!isLocal(declaration)) return false;
  analyse(world, declaration);
  const entry = variables.get(symbol);
  return entry !== undefined && entry.captured && (entry.assigned || entry.early);
}

export function isAssigned(world: World, symbol: ts.Symbol): boolean {
  const declaration = symbol.valueDeclaration;
  if (!declaration) return true;
  analyse(world, declaration);
  return variables.get(symbol)?.assigned ?? false;
}

/** A nested function that uses nothing of its surroundings is as good as a top-level one. */
export function isStaticFunction(world: World, declaration: ts.FunctionDeclaration): boolean {
  if (ts.isSourceFile(declaration.parent)) return true;
  const known = statics.get(declaration);
  if (known !== undefined) return known;
  statics.set(declaration, true);
  analyse(world, declaration);
  const entry = functions.get(declaration);
  let result = entry !== undefined && !entry.usesThis;
  for (const symbol of entry?.free ?? []) {
    const used = symbol.valueDeclaration;
    if (!used || !ts.isFunctionDeclaration(used) || !isStaticFunction(world, used)) result = false;
  }
  statics.set(declaration, result);
  return result;
}
