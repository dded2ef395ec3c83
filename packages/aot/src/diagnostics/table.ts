import { catalogue } from './catalogue.js';

/** The catalogue as the Markdown table of docs/language.md. */
export function catalogueTable(): string {
  const rows = Object.values(catalogue)
    .sort((a, b) => a.code - b.code)
    .map((entry) => `| TA${entry.code} | ${entry.message} | ${entry.cure} |`);
  return ['| number | refused | cure |', '|---|---|---|', ...rows].join('\n');
}
