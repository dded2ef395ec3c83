/**
 * The front end: one TypeScript program from one entry, packages read through the export condition `@tessera/source`.
 * Everything that the compiler asks TypeScript goes through the `ts.Program` and checker made here.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ts from 'typescript';
import { CompileError, type Diagnostic, Refusal } from '../diagnostics/error.js';

/** Folder of the installed package: the parent of `src` or `dist`. */
export function packageRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!fs.existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
}

const globalsName = 'tessera-globals.d.ts';
const globalsText = `
interface TesseraConsole { log(...values: unknown[]): void; error(...values: unknown[]): void; }
declare const console: TesseraConsole;
interface ErrorOptions { cause?: unknown }
`;

export interface FrontEnd {
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  readonly entry: ts.SourceFile;
  readonly runtime: ts.SourceFile;
  readonly runtimeFiles: readonly ts.SourceFile[];
}

export function openProgram(
  entryPath: string,
  skipTypeCheck: boolean,
  target: 'process' | 'freestanding',
): FrontEnd {
  const entry = path.resolve(entryPath);
  if (!fs.existsSync(entry))
    throw new CompileError([new Refusal('entryNotFound', undefined, entryPath).diagnostic]);
  const runtime = path.join(packageRoot(), 'runtime', 'index.ts');
  const globals = path.join(path.dirname(entry), globalsName);
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    customConditions: ['@tessera/source'],
    allowImportingTsExtensions: true,
    types: [],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    skipDefaultLibCheck: true,
  };
  const host = ts.createCompilerHost(options, true);
  const readSource = host.getSourceFile.bind(host);
  // The runtime's platform module is chosen by target.
  const platform = path.join(packageRoot(), 'runtime', 'platform.ts');
  const platformText = `export { abort, exit, growHeap, resumeWorld, spillRegisters, stackTop, startPlatform, stopWorld, writeConsole } from './platform-${target}.js';\n`;
  host.getSourceFile = (name, ...rest) => {
    if (name === globals)
      return ts.createSourceFile(name, globalsText, ts.ScriptTarget.ES2022, true);
    if (name === platform)
      return ts.createSourceFile(name, platformText, ts.ScriptTarget.ES2022, true);
    return readSource(name, ...rest);
  };
  const exists = host.fileExists.bind(host);
  host.fileExists = (name) => name === globals || exists(name);
  const library = runtimeFileNames(path.dirname(runtime));
  const program = ts.createProgram({ rootNames: [entry, ...library, globals], options, host });
  const checker = program.getTypeChecker();
  const problems: Diagnostic[] = [];
  const report = (list: readonly ts.Diagnostic[]): void => {
    for (const d of list) {
      if (d.category !== ts.DiagnosticCategory.Error) continue;
      const text = ts.flattenDiagnosticMessageText(d.messageText, '\n');
      const at = d.file?.getLineAndCharacterOfPosition(d.start ?? 0);
      problems.push({
        code: 100,
        file: d.file?.fileName ?? '',
        line: (at?.line ?? -1) + 1,
        column: (at?.character ?? -1) + 1,
        message: `TS${d.code}: ${text}`,
        cure: 'make `tsc --strict` accept the program',
      });
    }
  };
  report(program.getOptionsDiagnostics());
  for (const file of program.getSourceFiles()) {
    if (file.isDeclarationFile) continue;
    report(program.getSyntacticDiagnostics(file));
    // The library is checked by its own tests.
    if (!skipTypeCheck && !file.fileName.startsWith(path.dirname(runtime)))
      report(program.getSemanticDiagnostics(file));
  }
  if (problems.length > 0) throw new CompileError(problems);
  const entrySource = program.getSourceFile(entry);
  const runtimeSource = program.getSourceFile(runtime);
  if (!entrySource)
    throw new CompileError([new Refusal('entryNotFound', undefined, entry).diagnostic]);
  if (!runtimeSource)
    throw new CompileError([new Refusal('entryNotFound', undefined, runtime).diagnostic]);
  const runtimeFiles = library
    .map((name) => program.getSourceFile(name))
    .filter((f) => f !== undefined);
  return { program, checker, entry: entrySource, runtime: runtimeSource, runtimeFiles };
}

/** Every file of the runtime library, without the platforms. */
function runtimeFileNames(folder: string): string[] {
  const result: string[] = [];
  for (const item of fs.readdirSync(folder, { withFileTypes: true })) {
    const name = path.join(folder, item.name);
    if (item.isDirectory()) result.push(...runtimeFileNames(name));
    else if (item.name.endsWith('.ts') && !item.name.startsWith('platform')) result.push(name);
  }
  return result.sort();
}

/** The modules that `file` imports for their values, in order. */
export function valueImports(file: ts.SourceFile, checker: ts.TypeChecker): ts.SourceFile[] {
  const result: ts.SourceFile[] = [];
  for (const statement of file.statements) {
    let specifier: ts.Expression | undefined;
    if (ts.isImportDeclaration(statement)) {
      const clause = statement.importClause;
      if (clause?.isTypeOnly) continue;
      const named = clause?.namedBindings;
      if (
        clause &&
        !clause.name &&
        named &&
        ts.isNamedImports(named) &&
        named.elements.length > 0
      ) {
        if (named.elements.every((element) => element.isTypeOnly)) continue;
      }
      specifier = statement.moduleSpecifier;
    } else if (
      ts.isExportDeclaration(statement) &&
      statement.moduleSpecifier &&
      !statement.isTypeOnly
    ) {
      specifier = statement.moduleSpecifier;
    }
    if (!specifier) continue;
    const symbol = checker.getSymbolAtLocation(specifier);
    const target = symbol?.valueDeclaration;
    if (target && ts.isSourceFile(target)) {
      if (!target.isDeclarationFile) result.push(target);
    } else if (ts.isStringLiteral(specifier) && !symbol) {
      throw new Refusal('unresolved', specifier, specifier.text);
    }
  }
  return result;
}

/** Doc tags on a declaration: `@intrinsic`, `@extern`, `@entry`. */
export function docTag(node: ts.Node, name: string): string | undefined {
  for (const tag of ts.getJSDocTags(node)) {
    if (tag.tagName.text !== name) continue;
    const comment = ts.getTextOfJSDocComment(tag.comment);
    return (comment ?? '').trim().split(/\s/)[0] ?? '';
  }
  return undefined;
}
