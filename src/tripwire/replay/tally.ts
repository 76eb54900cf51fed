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
  /** What the latest trip of each subject says was burnt since its excess began. */
  private readonly burning = new Map<string, { readonly since: number; readonly usd: number }>();
  private readonly burnt: Record<Subject['kind'], number> = { key: 0, team: 0, whole: 0 };

  signal({ level, subject, unit, since, beyondUsual }: Signal): void {
    if (level === 'warn') {
      this.warnings += 1;
      return;
    }
    this.trips[subject.kind] += 1;
    if (unit !== 'usd') return;
    const name = `${subject.kind}:${nameOf(subject)}`;
    const before = this.burning.get(name);
    // One excess may be told several times, and each time it has burnt all that it had burnt before.
    const usd = Math.max(beyondUsual, before?.since === since ? before.usd : 0);
    this.burnt[subject.kind] += usd - (before?.since === since ? before.usd : 0);
    this.burning.set(name, { since, usd });
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

  summary({ rows, late, keys, span, spentUsd, tokens }: Replayed): readonly string[] {
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
      ...this.leftOut(),
    ];
  }
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const number = (value: number): string => Math.round(value).toLocaleString('en-US');
const dollars = (value: number): string => value.toLocaleString('en-US', { style: 'currency', currency: 'USD' });
const counted = (count: number, what: string): string =>
  `${count === 0 ? 'no' : number(count)} ${what}${count === 1 ? '' : 's'}`;
