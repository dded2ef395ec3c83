/**
 * Every reason why aot refuses a program: number, what is wrong (`{0}` = detail), what to write instead.
 * docs/language.md lists the same table; a test keeps the two equal.
 */
export interface CatalogueEntry {
  readonly code: number;
  readonly message: string;
  readonly cure: string;
}

export type DiagnosticName =
  | 'typeError'
  | 'entryNotFound'
  | 'unresolved'
  | 'toolFailed'
  | 'syntax'
  | 'anyType'
  | 'asyncCode'
  | 'regularExpression'
  | 'dynamicProperty'
  | 'classValue'
  | 'methodValue'
  | 'floatToInt'
  | 'conversion'
  | 'arrayKinds'
  | 'floatInKernel'
  | 'missingRuntime'
  | 'unsupportedMember'
  | 'border'
  | 'spreadArgument'
  | 'closureArity'
  | 'literalAsClass'
  | 'internal';

const entries: Readonly<Record<DiagnosticName, CatalogueEntry>> = {
  typeError: { code: 100, message: '{0}', cure: 'make `tsc --strict` accept the program' },
  entryNotFound: { code: 101, message: 'cannot read {0}', cure: 'name an existing .ts file' },
  unresolved: {
    code: 102,
    message: 'cannot resolve {0}',
    cure: 'install the package; it must ship its sources',
  },
  toolFailed: { code: 103, message: '{0}', cure: 'see the tool’s message above' },
  syntax: {
    code: 200,
    message: '{0} is outside the language subset',
    cure: 'see docs/language.md',
  },
  anyType: {
    code: 201,
    message: 'a value of type any',
    cure: 'give it a type; use unknown and narrow it',
  },
  asyncCode: { code: 202, message: 'async functions and await', cure: 'write direct-style code' },
  regularExpression: { code: 203, message: 'regular expressions', cure: 'use string methods' },
  dynamicProperty: {
    code: 204,
    message: 'property access by a computed name',
    cure: 'use a Map or a class',
  },
  classValue: {
    code: 205,
    message: 'class {0} used as a value',
    cure: 'pass a function that constructs it',
  },
  methodValue: {
    code: 206,
    message: 'method {0} used as a value',
    cure: 'write a closure: (...) => o.{0}(...)',
  },
  floatToInt: {
    code: 210,
    message: 'a fractional number is used where an integer is stored ({0})',
    cure: 'declare it f64, or wrap it in Math.trunc, floor, ceil, round or | 0',
  },
  conversion: {
    code: 211,
    message: 'cannot convert {0}',
    cure: 'narrow or convert the value explicitly',
  },
  arrayKinds: {
    code: 212,
    message: 'an array or generic object of {0} elements used as one of {1}',
    cure: 'declare both with the same element type',
  },
  floatInKernel: {
    code: 213,
    message: 'a fractional number in freestanding code',
    cure: 'use integers or fixed point',
  },
  missingRuntime: {
    code: 220,
    message: '{0} is not in the runtime library',
    cure: 'write it with what the runtime offers',
  },
  unsupportedMember: {
    code: 221,
    message: '{0} has no native form',
    cure: 'see docs/language.md for the supported members',
  },
  border: {
    code: 230,
    message: '{0} cannot cross an @extern or @entry border',
    cure: 'pass numbers, booleans, bigints, strings or objects',
  },
  spreadArgument: {
    code: 231,
    message: 'a spread argument where the callee has no rest parameter',
    cure: 'pass the arguments one by one',
  },
  closureArity: {
    code: 232,
    message: 'a closure with more than {0} parameters',
    cure: 'pass an object',
  },
  literalAsClass: {
    code: 233,
    message: 'an object literal where class {0} is expected',
    cure: 'construct the class',
  },
  internal: { code: 900, message: 'internal error: {0}', cure: 'report it with the source line' },
};

export const catalogue: Readonly<Record<DiagnosticName, CatalogueEntry>> = entries;
