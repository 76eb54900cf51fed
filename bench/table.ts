import type { Result } from './figures';

const COLUMNS = ['case', 'n', 'p50', 'p99', 'floor p50', 'floor p99', 'ratio', '', 'aim'] as const;

/** For a person; what else was measured stands below its line. */
export function table(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.name,
    String(result.n),
    ...[result.p50, result.p99, result.floorP50, result.floorP99].map(number),
    result.ratio.toFixed(2),
    result.unit,
    result.ok === undefined ? '' : result.ok ? 'reached' : 'MISSED',
  ]);
  const widths = COLUMNS.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  return [line(COLUMNS), ...rows.flatMap((row, i) => [line(row), ...notes(results[i])])].join('\n');
}

function notes(result: Result | undefined): string[] {
  if (!result) return [];
  const more = Object.entries(result.more ?? {}).map(([name, value]) => `${name} ${number(value)}`);
  return [
    `    floor: ${result.floor}`,
    ...(result.aim === undefined ? [] : [`    aim: ${result.aim}`]),
    ...(more.length === 0 ? [] : [`    ${more.join(', ')}`]),
  ];
}

const number = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1));
