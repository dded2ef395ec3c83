/** `@tessera/aot`: strict TypeScript to native code. */
export { type CatalogueEntry, catalogue, type DiagnosticName } from './diagnostics/catalogue.js';
export { CompileError, type Diagnostic, formatDiagnostic } from './diagnostics/error.js';
export {
  type CompileOptions,
  type CompileResult,
  compile,
  compileToC,
  findToolchain,
  type Toolchain,
} from './driver.js';
export type { Unit } from './emit/emitter.js';
