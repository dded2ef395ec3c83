import type * as ts from 'typescript';
import { catalogue, type DiagnosticName } from './catalogue.js';

export interface Diagnostic {
  readonly code: number;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly cure: string;
}

/** Thrown inside the compiler; the lowering loop turns it into a Diagnostic and goes on with the next statement. */
export class Refusal extends Error {
  readonly diagnostic: Diagnostic;
  constructor(name: DiagnosticName, node: ts.Node | undefined, ...details: string[]) {
    const entry = catalogue[name];
    let message = entry.message;
    details.forEach((detail, i) => {
      message = message.split(`{${i}}`).join(detail);
    });
    let cure = entry.cure;
    details.forEach((detail, i) => {
      cure = cure.split(`{${i}}`).join(detail);
    });
    super(message);
    let file = '';
    let line = 0;
    let column = 0;
    if (node !== undefined) {
      const source = node.getSourceFile();
      const at = source.getLineAndCharacterOfPosition(node.getStart(source));
      file = source.fileName;
      line = at.line + 1;
      column = at.character + 1;
    }
    this.diagnostic = { code: entry.code, file, line, column, message, cure };
  }
}

export function formatDiagnostic(d: Diagnostic): string {
  const place = d.file === '' ? '' : `${d.file}:${d.line}:${d.column}: `;
  return `${place}error TA${d.code}: ${d.message}\n    cure: ${d.cure}`;
}

/** What `compile` throws: all diagnostics of one compilation. */
export class CompileError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'));
    this.name = 'CompileError';
    this.diagnostics = diagnostics;
  }
}
