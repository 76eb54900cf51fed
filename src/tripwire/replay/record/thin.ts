import type { Row } from '../rows';

interface Series {
  /** The latest look. */
  last: Row;
  isWritten: boolean;
  /** When a row was last written. Epoch, in milliseconds. */
  writtenAt: number;
}

/**
 * A series that stands still is written once a minute, so that who reads knows it was looked at: no row for more than
 * 70 s is a gap. A little early, since a look that comes late must not make one.
 */
const STILL_MS = 54_000;

/** Series that are remembered; when there are more, all begin anew, and are written once more. */
const CAPACITY = 100_000;

/**
 * Leaves out what says nothing: rows that repeat the one before, but for one a minute. Before a row that differs, the
 * look before it is written, too, where it was left out: what was spent came after that, not within the whole minute.
 * And each look leaves a row at least, for a series that is new counts from the look before. So a replay sees the same
 * amounts come between the same looks as the live watch does.
 */
export class Thinner {
  private readonly series = new Map<string, Series>();

  /** @param rows of one look at one proxy. @returns what is to be written, oldest first. */
  take(rows: readonly Row[]): readonly Row[] {
    const kept = rows.flatMap((row) => this.takeRow(row));
    const [first] = rows;
    if (first && !kept.some(({ at }) => at === first.at)) kept.push(this.keep(first));
    return kept.sort((a, b) => a.at - b.at);
  }

  private takeRow(row: Row): readonly Row[] {
    const known = this.series.get(nameOf(row));
    if (!known) {
      if (this.series.size >= CAPACITY) this.series.clear();
      this.series.set(nameOf(row), { last: row, isWritten: true, writtenAt: row.at });
      return [row];
    }
    const { last, isWritten } = known;
    const differs = !isSame(last, row);
    known.last = row;
    known.isWritten = false;
    if (!differs && row.at - known.writtenAt < STILL_MS) return [];
    return differs && !isWritten ? [last, this.keep(row)] : [this.keep(row)];
  }

  private keep(row: Row): Row {
    const known = this.series.get(nameOf(row));
    if (known) Object.assign(known, { isWritten: true, writtenAt: row.at });
    return row;
  }
}

const nameOf = ({ source = '', key, model }: Row): string => `${source}\n${key}\n${model}`;

const isSame = (a: Row, b: Row): boolean =>
  a.spendUsd === b.spendUsd &&
  a.promptTokens === b.promptTokens &&
  a.completionTokens === b.completionTokens &&
  a.process === b.process &&
  a.team === b.team &&
  a.alias === b.alias;
