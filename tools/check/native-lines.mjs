// Hand-written C and assembly: who has it, how much, and the limits.
//
// C belongs to aot (intrinsics only), assembly to machine. Text in string literals of .ts files counts too, so that C
// cannot hide in the compiler's templates: a literal of three lines or more that reads like C is counted.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import ts from 'typescript';

const LIMITS = { aotC: 1000, machineAssembly: 2000 };
const NATIVE = /\.(c|h|cc|cpp|hpp|S|s|asm|inc|ld)$/;
const OUTSIDE = /(^|\/)(test|tests|bench|examples|test-fixtures|fixtures)\//;
const READS_LIKE_C =
  /\b(u?int(8|16|32|64)_t|static inline|typedef struct|#include|#define|__asm__|asm volatile|__attribute__)\b/;

const codeLines = (text) => text.split('\n').filter((line) => line.trim() !== '').length;

function literalLines(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false);
  let lines = 0;
  const visit = (node) => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) {
      const content = text.slice(node.pos, node.end);
      if (codeLines(content) >= 3 && READS_LIKE_C.test(content)) lines += codeLines(content);
      return;
    }
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(source, visit);
  return lines;
}

export function countNativeLines() {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => file && !OUTSIDE.test(file));
  const count = { aotC: 0, machineAssembly: 0 };
  const problems = [];
  for (const file of files) {
    const script = /\.(ts|mts|mjs|js)$/.test(file);
    if (!script && !NATIVE.test(file)) continue;
    let text;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      continue; // deleted, not yet committed
    }
    const lines = script
      ? READS_LIKE_C.test(text)
        ? literalLines(file, text)
        : 0
      : codeLines(text);
    if (lines === 0 || file.startsWith('tools/check/')) continue;
    if (file.startsWith('packages/aot/')) count.aotC += lines;
    else if (file.startsWith('packages/machine/') && !script) count.machineAssembly += lines;
    else
      problems.push(
        `${file}: ${lines} lines of C or assembly; C belongs to aot, assembly to machine`,
      );
  }
  if (count.aotC > LIMITS.aotC)
    problems.push(`aot has ${count.aotC} lines of C, at most ${LIMITS.aotC} are allowed`);
  if (count.machineAssembly > LIMITS.machineAssembly)
    problems.push(
      `machine has ${count.machineAssembly} lines of assembly, at most ${LIMITS.machineAssembly} are allowed`,
    );
  return {
    problems,
    note: `C in aot ${count.aotC}/${LIMITS.aotC}, assembly in machine ${count.machineAssembly}/${LIMITS.machineAssembly}`,
  };
}
