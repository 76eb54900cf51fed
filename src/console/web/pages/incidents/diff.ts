/** A change of one place in an object, as lines that went, came and stayed. Pure. */

export interface DiffLine {
  readonly sign: '-' | '+' | ' ';
  readonly text: string;
}

/** Beyond so many pairs of lines the two are shown whole, one after the other: nobody waits for a picture. */
const MOST_PAIRS = 250_000;

/** @param before undefined: there was nothing. @param after undefined: there is nothing any more. */
export function diffLines(before: unknown, after: unknown): readonly DiffLine[] {
  const [from, to] = [lines(before), lines(after)];
  if (from.length * to.length > MOST_PAIRS) return [...from.map(gone), ...to.map(come)];
  return walk(from, to, common(from, to));
}

const gone = (text: string): DiffLine => ({ sign: '-', text });
const come = (text: string): DiffLine => ({ sign: '+', text });

const lines = (value: unknown): readonly string[] =>
  value === undefined ? [] : (JSON.stringify(value, null, 2) ?? 'null').split('\n');

/** How many lines the rests that begin at each pair have in common, in order. */
function common(from: readonly string[], to: readonly string[]): readonly Uint32Array[] {
  const rows = Array.from({ length: from.length + 1 }, () => new Uint32Array(to.length + 1));
  for (let i = from.length - 1; i >= 0; i--)
    for (let j = to.length - 1; j >= 0; j--) {
      const here = from[i] === to[j] ? at(rows, i + 1, j + 1) + 1 : Math.max(at(rows, i + 1, j), at(rows, i, j + 1));
      rows[i]?.fill(here, j, j + 1);
    }
  return rows;
}

const at = (rows: readonly Uint32Array[], i: number, j: number): number => rows[i]?.[j] ?? 0;

function walk(from: readonly string[], to: readonly string[], rows: readonly Uint32Array[]): readonly DiffLine[] {
  const shown: DiffLine[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [left, right] = [from[i], to[j]];
    if (left === undefined || right === undefined) break;
    if (left === right) {
      shown.push({ sign: ' ', text: left });
      i++;
      j++;
    } else if (at(rows, i + 1, j) >= at(rows, i, j + 1)) {
      shown.push(gone(left));
      i++;
    } else {
      shown.push(come(right));
      j++;
    }
  }
  return [...shown, ...from.slice(i).map(gone), ...to.slice(j).map(come)];
}
