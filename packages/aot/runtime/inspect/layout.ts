/**
 * How console.log lays values out: the rules of Node's util.inspect with compact 3, depth 2, 100 elements, no colours.
 *
 * The compiler makes one inspector per type; it formats the parts of a value and hands them to `InspectContext`, which
 * decides about lines: parts go on one line if that is short and at most three levels of nesting meet on it; more than
 * six array elements are set in columns.
 */
import type { f64 } from '@tessera/machine';
import { numberToString } from '../numbers/integers.js';
import { arrayJoin, stringPadEnd, stringPadStart, stringRepeat } from '../strings/build.js';
import { stringIncludes } from '../strings/search.js';

const BREAK_LENGTH = 80;
const COMPACT = 3;
const MAXIMUM_DEPTH = 2;
export const MAXIMUM_ELEMENTS = 100;
const MOST_COLUMNS = 15;

/** What the elements of an array are, for lining them up: numbers to the right, others to the left. */
export const ALIGN_NONE = 0;
export const ALIGN_RIGHT = 1;
export const ALIGN_LEFT = 2;

/** The state of one console.log argument. */
export class InspectContext {
  indentation: number = 0;
  /** Depth of the object that was begun last. */
  private currentDepth: number = 0;
  /** Addresses of the objects that are being formatted, and of those found to contain themselves. */
  private readonly open: number[] = [];
  private readonly circular: number[] = [];

  /** Number of the reference if the object is being formatted already (then print `[Circular *n]`), else 0. */
  circularReference(address: number): number {
    if (!contains(this.open, address)) return 0;
    if (!contains(this.circular, address)) this.circular.push(address);
    return position(this.circular, address) + 1;
  }

  isTooDeep(depth: number): boolean {
    return depth > MAXIMUM_DEPTH;
  }

  /** Before the parts of an object at `depth` (0 for the argument itself) are formatted. */
  begin(address: number, depth: number): void {
    this.open.push(address);
    this.currentDepth = depth;
    this.indentation += 2;
  }

  /** The whole text from `parts`. `opening` is all before the parts: `{`, `[`, `Map(2) {`. */
  end(parts: string[], opening: string, closing: string, depth: number, align: number): string {
    this.indentation -= 2;
    const address = this.open[this.open.length - 1];
    this.open.length = this.open.length - 1;
    const reference = position(this.circular, address);
    const mark = reference < 0 ? '' : `<ref *${numberToString(reference + 1)}>`;
    return this.lay(parts, mark, opening, closing, depth, align);
  }

  private lay(
    parts: string[],
    mark: string,
    brace: string,
    closing: string,
    depth: number,
    align: number,
  ): string {
    const opening = mark === '' ? brace : `${mark} ${brace}`;
    let lines = parts;
    if (align !== ALIGN_NONE && parts.length > 6) lines = this.columns(parts, align);
    if (this.currentDepth - depth < COMPACT && lines.length === parts.length) {
      const count = lines.length;
      let length = count + count + this.indentation + brace.length + mark.length + 10;
      const crowded = length + count > BREAK_LENGTH;
      for (let i = 0; i < count; i++) length += lines[i].length;
      if (!crowded && length <= BREAK_LENGTH) {
        const line = arrayJoin(lines, ', ');
        if (!stringIncludes(line, '\n')) return `${opening} ${line} ${closing}`;
      }
    }
    const indentation = `\n${stringRepeat(' ', this.indentation)}`;
    return `${opening}${indentation}  ${arrayJoin(lines, `,${indentation}  `)}${indentation}${closing}`;
  }

  /** Sets short elements in columns of about square shape. */
  private columns(parts: string[], align: number): string[] {
    // The last part may be "... n more items": it keeps a line of its own.
    const count = parts.length > MAXIMUM_ELEMENTS ? parts.length - 1 : parts.length;
    let total = 0;
    let longest = 0;
    for (let i = 0; i < count; i++) {
      const length = parts[i].length;
      total += length + 2;
      if (length > longest) longest = length;
    }
    const width = longest + 2;
    if (width * 3 + this.indentation >= BREAK_LENGTH) return parts;
    if (total <= width * 5 && longest > 6) return parts;
    const columns = columnCount(width, total, parts.length, count, BREAK_LENGTH - this.indentation);
    if (columns <= 1) return parts;
    const widths: number[] = [];
    for (let i = 0; i < columns; i++) {
      let widest = 0;
      for (let j = i; j < count; j += columns)
        if (parts[j].length > widest) widest = parts[j].length;
      widths.push(widest + 2);
    }
    const lines: string[] = [];
    for (let i = 0; i < count; i += columns) {
      const cells: string[] = [];
      const end = Math.min(i + columns, count);
      for (let j = i; j < end - 1; j++) {
        const cell = `${parts[j]}, `;
        cells.push(
          align === ALIGN_RIGHT
            ? stringPadStart(cell, widths[j - i])
            : stringPadEnd(cell, widths[j - i]),
        );
      }
      const last = parts[end - 1];
      cells.push(align === ALIGN_RIGHT ? stringPadStart(last, widths[end - 1 - i] - 2) : last);
      lines.push(arrayJoin(cells, ''));
    }
    if (count < parts.length) lines.push(parts[count]);
    return lines;
  }
}

function columnCount(
  width: number,
  total: number,
  all: number,
  count: number,
  room: number,
): number {
  const wide: f64 = width;
  const sum: f64 = total;
  const parts: f64 = all;
  const counted: f64 = count;
  const bias = Math.sqrt(wide - sum / parts);
  const biased = Math.max(wide - 3 - bias, 1.0);
  const square = Math.round(Math.sqrt(2.5 * biased * counted) / biased);
  return Math.min(Math.min(square, Math.trunc(room / width)), Math.min(COMPACT * 4, MOST_COLUMNS));
}

function position(list: number[], address: number): number {
  for (let i = 0; i < list.length; i++) if (list[i] === address) return i;
  return -1;
}

function contains(list: number[], address: number): boolean {
  return position(list, address) >= 0;
}
