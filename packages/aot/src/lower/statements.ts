/** Statements. Loops are C loops with explicit labels; leaving a region runs its `finally` blocks through a route variable. */
import * as ts from 'typescript';
import { cType, isReference, type Kind } from '../kinds.js';
import type { Value } from '../model.js';
import { assign, bindPattern } from './assign.js';
import { type Body, boxPlace, type Scope } from './body.js';
import { iterate } from './calls.js';
import { isAssigned, isStaticFunction, needsBox } from './captures.js';
import { foldConstant } from './constants.js';
import { checkContainers, convert } from './convert.js';
import { lower, lowerAs, lowerCondition, lowerInto, skipParentheses } from './expressions.js';
import {
  closureValue,
  defineVariable,
  hoistFunctions,
  returnType,
  variableKind,
} from './functions.js';
import { equal } from './operators.js';
import { globalFor } from './property.js';

const S = ts.SyntaxKind;

export function lowerBlock(body: Body, statements: readonly ts.Statement[]): void {
  hoistFunctions(body, statements);
  for (const statement of statements) body.world.guarded(() => lowerStatement(body, statement));
}

export function lowerStatement(body: Body, node: ts.Statement): void {
  if (!ts.isBlock(node)) body.at(node);
  if (ts.isBlock(node)) {
    body.emit('{');
    lowerBlock(body, node.statements);
    body.emit('}');
  } else if (ts.isVariableStatement(node)) lowerVariables(body, node.declarationList);
  else if (ts.isExpressionStatement(node)) lower(body, node.expression);
  else if (ts.isIfStatement(node)) lowerIf(body, node);
  else if (ts.isReturnStatement(node)) lowerReturn(body, node);
  else if (ts.isForStatement(node)) lowerFor(body, node, []);
  else if (ts.isForOfStatement(node)) lowerForOf(body, node, []);
  else if (ts.isWhileStatement(node)) lowerWhile(body, node, []);
  else if (ts.isDoStatement(node)) lowerDo(body, node, []);
  else if (ts.isSwitchStatement(node)) lowerSwitch(body, node);
  else if (ts.isBreakStatement(node)) leave(body, node.label?.text, 'break', node);
  else if (ts.isContinueStatement(node)) leave(body, node.label?.text, 'continue', node);
  else if (ts.isThrowStatement(node)) {
    const value = lowerAs(body, node.expression, 'val');
    body.throwValue(value.c);
  } else if (ts.isTryStatement(node)) lowerTry(body, node);
  else if (ts.isLabeledStatement(node)) lowerLabelled(body, node);
  else if (
    ts.isEmptyStatement(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isEnumDeclaration(node) ||
    ts.isImportDeclaration(node) ||
    ts.isExportDeclaration(node) ||
    ts.isModuleDeclaration(node)
  ) {
    return;
  } else body.refuse('syntax', node, S[node.kind] ?? 'this statement');
}

function lowerVariables(body: Body, list: ts.VariableDeclarationList): void {
  for (const declaration of list.declarations) lowerVariable(body, declaration, list);
}

function lowerVariable(
  body: Body,
  declaration: ts.VariableDeclaration,
  list: ts.VariableDeclarationList,
): void {
  const name = declaration.name;
  if (!declaration.initializer) {
    if (!ts.isIdentifier(name)) return;
    const kind = variableKind(body, name);
    const symbol = body.world.checker.getSymbolAtLocation(name)!;
    const variable = body.declare(symbol, kind, needsBox(body.world, symbol));
    body.write(variable, '0');
    return;
  }
  if (!ts.isIdentifier(name)) {
    const value = lower(body, declaration.initializer);
    bindPattern(body, name, value, body.typeOf(declaration.initializer), (identifier, item) =>
      defineVariable(body, identifier, item, bindKind(body, identifier, item)),
    );
    return;
  }
  const kind = variableKind(body, name);
  const inner = skipParentheses(declaration.initializer);
  const symbol = body.world.checker.getSymbolAtLocation(name)!;
  const constant = (list.flags & ts.NodeFlags.Const) !== 0;
  if (constant && (ts.isArrowFunction(inner) || ts.isFunctionExpression(inner))) {
    const value = closureValue(body, inner, symbol);
    const variable = body.declare(symbol, 'ref', needsBox(body.world, symbol));
    body.write(variable, value.c);
    return;
  }
  const value = lowerInto(body, declaration.initializer, body.typeOf(name), kind);
  const variable = body.declare(symbol, kind, needsBox(body.world, symbol));
  body.write(variable, value.c);
}

function bindKind(body: Body, identifier: ts.Identifier, item: Value): Kind {
  if (item.kind === 'f64' || item.kind === 'u64') return item.kind;
  const kind = body.kindOfType(body.typeOf(identifier));
  return kind === 'void' || (isReference(kind) && isReference(item.kind)) ? item.kind : kind;
}

/** The initialiser of a module variable or a static field. */
export function initialiseGlobal(
  body: Body,
  declaration: ts.VariableDeclaration | ts.PropertyDeclaration,
): void {
  body.at(declaration);
  const initializer = declaration.initializer!;
  if (ts.isPropertyDeclaration(declaration) || ts.isIdentifier(declaration.name)) {
    const global = globalFor(body, declaration);
    const value = lowerInto(body, initializer, body.typeOf(declaration), global.kind);
    body.emit(`TS_WR(${global.cname}, ${value.c});`);
  } else {
    const value = lower(body, initializer);
    bindPattern(body, declaration.name, value, body.typeOf(initializer), (identifier, item) => {
      const global = globalFor(body, identifier.parent as ts.BindingElement);
      body.emit(`TS_WR(${global.cname}, ${convert(body, item, global.kind, identifier).c});`);
    });
  }
  body.emit({ op: 'return', value: '' });
}

function lowerIf(body: Body, node: ts.IfStatement): void {
  const condition = lowerCondition(body, node.expression);
  if (condition === '0') {
    if (node.elseStatement) lowerStatement(body, node.elseStatement);
    return;
  }
  if (condition === '1') {
    lowerStatement(body, node.thenStatement);
    return;
  }
  body.emit(`if (${condition}) {`);
  lowerStatement(body, node.thenStatement);
  if (node.elseStatement) {
    body.emit('} else {');
    lowerStatement(body, node.elseStatement);
  }
  body.emit('}');
}

// Leaving ----------------------------------------------------------------------------------------------------------------

/** Goes to a label outside the scopes above `depth`, through their finally blocks. */
function jump(body: Body, label: string, depth: number): void {
  for (let i = body.scopes.length - 1; i >= depth; i--) {
    const scope = body.scopes[i]!;
    if (scope.kind === 'finally' && scope.routes) {
      route(body, scope, `${label}|${depth}`);
      return;
    }
  }
  body.emit(`goto ${label};`);
}

function route(body: Body, scope: Scope, key: string): void {
  let number = scope.routes!.get(key);
  if (number === undefined) scope.routes!.set(key, (number = scope.routes!.size + 2));
  body.emit(`${scope.route} = ${number}; goto ${scope.breakTo};`);
}

function leave(
  body: Body,
  label: string | undefined,
  how: 'break' | 'continue',
  node: ts.Node,
): void {
  for (let i = body.scopes.length - 1; i >= 0; i--) {
    const scope = body.scopes[i]!;
    const fits =
      label !== undefined
        ? scope.labels.includes(label)
        : scope.kind === 'loop' || (how === 'break' && scope.kind === 'switch');
    if (!fits) continue;
    if (how === 'continue' && scope.kind !== 'loop') continue;
    jump(body, how === 'break' ? scope.breakTo : scope.continueTo, i);
    return;
  }
  body.refuse('syntax', node, `${how} without a target`);
}

function lowerReturn(body: Body, node: ts.ReturnStatement): void {
  const kind = body.fn.result;
  let value = '';
  if (node.expression) {
    if (kind === 'void') lower(body, node.expression);
    else {
      const declared = body.fn.declaration
        ? returnType(body, body.fn.declaration, node.expression)
        : body.typeOf(node.expression);
      value = lowerInto(body, node.expression, declared, kind).c;
    }
  } else if (kind !== 'void') value = isReference(kind) ? '((ref)0)' : '0';
  finish(body, value);
}

function finish(body: Body, value: string): void {
  for (let i = body.scopes.length - 1; i >= 0; i--) {
    const scope = body.scopes[i]!;
    if (scope.kind === 'finally' && scope.routes) {
      if (value !== '' && value !== 'ts_result') body.emit(`ts_result = ${value};`);
      route(body, scope, 'return');
      return;
    }
  }
  body.emit({ op: 'return', value });
}

function lowerTry(body: Body, node: ts.TryStatement): void {
  if (!node.finallyBlock) {
    tryCatch(body, node);
    return;
  }
  const end = body.label('finally');
  const thrown = body.label('thrown');
  const routeName = body.unique('route');
  const pending = body.unique('pending');
  body.emit(`int ${routeName} = 0; ref ${pending} = 0;`);
  const scope: Scope = {
    kind: 'finally',
    labels: [],
    breakTo: end,
    continueTo: '',
    routes: new Map(),
    route: routeName,
    catchTo: thrown,
  };
  body.scopes.push(scope);
  tryCatch(body, node);
  body.scopes.pop();
  body.emit(`goto ${end};`);
  body.place(thrown);
  body.emit(`${routeName} = 1; ${pending} = ts_error;`);
  body.place(end);
  lowerStatement(body, node.finallyBlock);
  body.emit(`if (${routeName} == 1) {`);
  body.throwValue(pending);
  body.emit('}');
  for (const [key, number] of scope.routes!) {
    body.emit(`if (${routeName} == ${number}) {`);
    if (key === 'return') finish(body, body.fn.result === 'void' ? '' : 'ts_result');
    else {
      const [label, depth] = key.split('|');
      jump(body, label!, Number(depth));
    }
    body.emit('}');
  }
}

function tryCatch(body: Body, node: ts.TryStatement): void {
  if (!node.catchClause) {
    lowerStatement(body, node.tryBlock);
    return;
  }
  const catchTo = body.label('catch');
  const end = body.label('try_end');
  body.scopes.push({ kind: 'try', labels: [], breakTo: '', continueTo: '', catchTo });
  lowerStatement(body, node.tryBlock);
  body.scopes.pop();
  body.emit(`goto ${end};`);
  body.place(catchTo);
  body.emit('{');
  const name = node.catchClause.variableDeclaration?.name;
  if (name && ts.isIdentifier(name)) {
    const error = body.temp('val', 'ts_error');
    defineVariable(body, name, error, 'val');
  }
  lowerBlock(body, node.catchClause.block.statements);
  body.emit('}');
  body.place(end);
}

// Loops ------------------------------------------------------------------------------------------------------------------

function lowerLabelled(body: Body, node: ts.LabeledStatement): void {
  const labels = [node.label.text];
  let inner: ts.Statement = node.statement;
  while (ts.isLabeledStatement(inner)) {
    labels.push(inner.label.text);
    inner = inner.statement;
  }
  if (ts.isForStatement(inner)) lowerFor(body, inner, labels);
  else if (ts.isForOfStatement(inner)) lowerForOf(body, inner, labels);
  else if (ts.isWhileStatement(inner)) lowerWhile(body, inner, labels);
  else if (ts.isDoStatement(inner)) lowerDo(body, inner, labels);
  else {
    const end = body.label(labels[0]!);
    body.scopes.push({ kind: 'label', labels, breakTo: end, continueTo: '' });
    lowerStatement(body, inner);
    body.scopes.pop();
    body.place(end);
  }
}

function loopScope(body: Body, labels: string[]): Scope {
  return { kind: 'loop', labels, breakTo: body.label('break'), continueTo: body.label('continue') };
}

function exitUnless(body: Body, condition: string, scope: Scope): void {
  if (condition === '1') return;
  body.emit(`if (!${condition}) goto ${scope.breakTo};`);
}

function lowerWhile(body: Body, node: ts.WhileStatement, labels: string[]): void {
  const scope = loopScope(body, labels);
  body.emit('for (;;) {');
  body.at(node);
  exitUnless(body, lowerCondition(body, node.expression), scope);
  body.scopes.push(scope);
  lowerStatement(body, node.statement);
  body.scopes.pop();
  body.place(scope.continueTo);
  body.emit('}');
  body.place(scope.breakTo);
}

function lowerDo(body: Body, node: ts.DoStatement, labels: string[]): void {
  const scope = loopScope(body, labels);
  body.emit('for (;;) {');
  body.scopes.push(scope);
  lowerStatement(body, node.statement);
  body.scopes.pop();
  body.place(scope.continueTo);
  exitUnless(body, lowerCondition(body, node.expression), scope);
  body.emit('}');
  body.place(scope.breakTo);
}

function lowerFor(body: Body, node: ts.ForStatement, labels: string[]): void {
  const scope = loopScope(body, labels);
  const fresh: ts.Symbol[] = [];
  body.emit('{');
  if (node.initializer) {
    if (ts.isVariableDeclarationList(node.initializer)) {
      lowerVariables(body, node.initializer);
      for (const declaration of node.initializer.declarations) {
        if (!ts.isIdentifier(declaration.name)) continue;
        const symbol = body.world.checker.getSymbolAtLocation(declaration.name)!;
        if (body.variables.get(symbol)?.boxed && isAssigned(body.world, symbol)) fresh.push(symbol);
      }
    } else lower(body, node.initializer);
  }
  body.emit('for (;;) {');
  if (node.condition) exitUnless(body, lowerCondition(body, node.condition), scope);
  body.scopes.push(scope);
  lowerStatement(body, node.statement);
  body.scopes.pop();
  body.place(scope.continueTo);
  for (const symbol of fresh) {
    // Each iteration has its own variable, as closures can see.
    const variable = body.variables.get(symbol)!;
    const copy = body.unique('copy');
    body.emit(`ref ${copy} = ts_alloc(${isReference(variable.kind) ? 14 : 13}, 17);`);
    body.emit(
      `${boxPlace({ ...variable, c: copy })} = ${boxPlace(variable)}; ${variable.c} = ${copy};`,
    );
  }
  if (node.incrementor) lower(body, node.incrementor);
  body.emit('}');
  body.place(scope.breakTo);
  body.emit('}');
}

function lowerForOf(body: Body, node: ts.ForOfStatement, labels: string[]): void {
  if (node.awaitModifier) body.refuse('asyncCode', node);
  const scope = loopScope(body, labels);
  body.emit('{');
  iterate(
    body,
    node.expression,
    (item, type) => {
      const target = node.initializer;
      if (ts.isVariableDeclarationList(target)) {
        const declaration = target.declarations[0]!;
        if (ts.isIdentifier(declaration.name)) {
          const stable = body.temp(item.kind, item.c);
          defineVariable(body, declaration.name, stable, item.kind);
        } else
          bindPattern(body, declaration.name, item, type, (identifier, v) =>
            defineVariable(body, identifier, v, bindKind(body, identifier, v)),
          );
      } else assign(body, target, item, type);
      body.scopes.push(scope);
      lowerStatement(body, node.statement);
      body.scopes.pop();
    },
    scope.breakTo,
    scope.continueTo,
  );
  body.emit('}');
}

function lowerSwitch(body: Body, node: ts.SwitchStatement): void {
  const end = body.label('switch_end');
  const scope: Scope = { kind: 'switch', labels: [], breakTo: end, continueTo: '' };
  const value = body.settle(lower(body, node.expression));
  const labels = node.caseBlock.clauses.map(() => body.label('case'));
  body.emit('{');
  hoistFunctions(
    body,
    node.caseBlock.clauses.flatMap((c) => [...c.statements]),
  );
  const constants = node.caseBlock.clauses.map((c) =>
    ts.isCaseClause(c) ? foldConstant(body, c.expression) : undefined,
  );
  const simple =
    value.kind === 'int' &&
    node.caseBlock.clauses.every((c, i) => !ts.isCaseClause(c) || constants[i]?.kind === 'int');
  let fallback = end;
  if (simple) body.emit(`switch (${value.c}) {`);
  const seen = new Set<string>();
  node.caseBlock.clauses.forEach((clause, i) => {
    if (!ts.isCaseClause(clause)) {
      fallback = labels[i]!;
      return;
    }
    if (simple) {
      const c = constants[i]!.c;
      if (!seen.has(c)) body.emit(`case ${c}: goto ${labels[i]};`);
      seen.add(c);
      return;
    }
    const test =
      clause.expression.kind === S.TrueKeyword && value.c === '1'
        ? undefined
        : lower(body, clause.expression);
    body.emit(`if (${test ? equal(body, value, test, clause).c : '1'}) goto ${labels[i]};`);
  });
  if (simple) body.emit('}');
  body.emit(`goto ${fallback};`);
  body.scopes.push(scope);
  node.caseBlock.clauses.forEach((clause, i) => {
    body.place(labels[i]!);
    for (const statement of clause.statements)
      body.world.guarded(() => lowerStatement(body, statement));
  });
  body.scopes.pop();
  body.emit('}');
  body.place(end);
}

export { checkContainers, cType, isStaticFunction };
