import type { Result } from './scenario.ts';

const heads = ['scenario', 'row', 'unit', 'everwarm', 'other', 'ratio', 'better', 'against'] as const;
const numeric: ReadonlySet<string> = new Set(['everwarm', 'other', 'ratio']);

/** The results as text for a terminal: aligned columns, numbers to three digits that matter. */
export function formatTable(results: readonly Result[]): string {
  const rows = results.map((result) => heads.map((head) => cell(result, head)));
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((text, column) => (numeric.has(heads[column] ?? '') ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** A measured number to three digits that matter, whole from a hundred on. */
export function formatNumber(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

function cell(result: Result, head: (typeof heads)[number]): string {
  const value = result[head];
  if (head === 'ratio') return result.ratio.toFixed(2);
  return typeof value === 'number' ? formatNumber(value) : value;
}
