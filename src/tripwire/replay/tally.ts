import type { Signal, Subject } from '../signal';
import type { Replayed } from './replay';
import { type RowFault, rowFaults } from './rows';
import { nameOf } from './trip';

/** Lines of each kind of fault that are named. */
const NAMED = 5;

interface Faults {
  count: number;
  readonly lines: number[];
}

/** Sums up a replay for a person. Bounded by the number of keys. */
export class Tally {
  private readonly trips: Record<Subject['kind'], number> = { key: 0, team: 0, whole: 0 };
  private warnings = 0;
  private readonly faults = new Map<RowFault, Faults>();
  /** The excess of each subject that was told last. */
  private readonly burning = new Map<string, { readonly at: number; readonly usd: number }>();
  private readonly burnt: Record<Subject['kind'], number> = { key: 0, team: 0, whole: 0 };

  /** @param severs whether it would have cut; what is only told counts among the warnings. */
  signal({ level, subject, unit, at, since, beyondUsual }: Signal, severs = true): void {
    if (level === 'warn' || !severs) {
      this.warnings += 1;
      return;
    }
    this.trips[subject.kind] += 1;
    if (unit !== 'usd') return;
    const name = `${subject.kind}:${nameOf(subject)}`;
    // One excess may be told several times, and by several rules: each time with all that it has burnt so far.
    const before = this.burning.get(name);
    const told = before && since <= before.at ? before.usd : 0;
    const usd = Math.max(told, beyondUsual);
    this.burnt[subject.kind] += usd - told;
    this.burning.set(name, { at, usd });
  }

  fault(fault: RowFault, line: number): void {
    const known = this.faults.get(fault) ?? { count: 0, lines: [] };
    known.count += 1;
    if (known.lines.length < NAMED) known.lines.push(line);
    this.faults.set(fault, known);
  }

  /** What could not be read, and where. */
  leftOut(): readonly string[] {
    return [...this.faults].map(([fault, { count, lines }]) => {
      const where = `line${count === 1 ? '' : 's'} ${lines.join(', ')}${count > lines.length ? ', …' : ''}`;
      return `${counted(count, 'row')} left out: ${rowFaults[fault]} (${where})`;
    });
  }

  summary({ rows, late, unwatched, keys, span, spentUsd, tokens }: Replayed): readonly string[] {
    const days = span ? (span.to - span.from) / 86_400_000 : 0;
    const { key, team, whole } = this.trips;
    const kinds = [
      ...(key > 0 ? [`${key} of keys`] : []),
      ...(team > 0 ? [`${team} of teams`] : []),
      ...(whole > 0 ? [`${whole} of all keys together`] : []),
    ];
    const beyond = this.burnt.key || this.burnt.team || this.burnt.whole;
    return [
      `${counted(rows, 'row')} of ${counted(keys, 'key')} over ${days.toFixed(1)} days; ${dollars(spentUsd)} and ${number(tokens)} tokens seen.`,
      `${sentence(counted(key + team + whole, 'trip'))}${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}, ${counted(this.warnings, 'warning')}.`,
      ...(beyond > 0 ? [`About ${dollars(beyond)} would have been burnt beyond usual before the trips.`] : []),
      ...(late > 0 ? [`${counted(late, 'row')} left out: late, or there twice`] : []),
      ...(unwatched > 0 ? [`${counted(unwatched, 'row')} left out: of keys that the configuration ignores`] : []),
      ...this.leftOut(),
    ];
  }
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const number = (value: number): string => Math.round(value).toLocaleString('en-US');
const dollars = (value: number): string => value.toLocaleString('en-US', { style: 'currency', currency: 'USD' });
const counted = (count: number, what: string): string =>
  `${count === 0 ? 'no' : number(count)} ${what}${count === 1 ? '' : 's'}`;
