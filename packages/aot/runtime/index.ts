/** What compiled programs call; the compiler finds each name here. */
export {
  consoleError,
  consoleLog,
  panic,
  runtimeExit,
  runtimeStart,
  writeText,
} from './console.js';
export { ErrorImpl, RangeErrorImpl, SyntaxErrorImpl, TypeErrorImpl } from './errors.js';
export {
  allocate,
  allocateWithSpare,
  collect,
  collectCompletely,
  collectSlice,
  gcMarking,
  setHeapGrower,
  setIncremental,
  setRootScanner,
  verifyHeap,
  writeBarrier,
} from './heap/index.js';
export {
  floatToString,
  numberToExponential,
  numberToFixed,
  numberToPrecision,
} from './numbers/floats.js';
export { bigFromString, i64ToString, numberToString, u64ToString } from './numbers/integers.js';
export { numberFromString, parseDouble, parseInteger } from './numbers/parse.js';
export {
  arrayJoin,
  stringConcat,
  stringConcatMany,
  stringFromCharCode,
  stringFromCodePoint,
  stringPadEnd,
  stringPadStart,
  stringRepeat,
} from './strings/build.js';
export { setHashSeed, stringCompare, stringEquals, stringHash } from './strings/compare.js';
export {
  stringAt,
  stringAtMethod,
  stringCharAt,
  stringCharCodeAt,
  stringCodePointAt,
  stringEndsWith,
  stringIncludes,
  stringIndexOf,
  stringLastIndexOf,
  stringSlice,
  stringStartsWith,
  stringSubstr,
  stringSubstring,
} from './strings/search.js';
export {
  stringCodePointEnd,
  stringReplace,
  stringReplaceAll,
  stringSplit,
  stringToLowerCase,
  stringToUpperCase,
  stringTrim,
  stringTrimEnd,
  stringTrimStart,
} from './strings/transform.js';
export {
  bufferSlice,
  typedCopyWithin,
  typedFill,
  typedIncludes,
  typedIndexOf,
  typedJoin,
  typedReverse,
  typedSet,
  typedSetArray,
  typedSlice,
  typedSubarray,
  typedViewAt,
} from './typed/methods.js';
export {
  makeOwnedView,
  makeView,
  viewCopyWithin,
  viewSet,
  viewSlice,
  viewSubarray,
} from './typed/views.js';
