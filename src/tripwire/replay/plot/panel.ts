import type { SubjectSettings } from '../../settings';
import type { Subject, Unit } from '../../signal';
import { nameOf } from '../trip';
import { money, tokensShort } from './amounts';
import { amountScale, type Scale, timeTicks } from './scale';
import { clipped, el, escaped, px } from './svg';
import type { Bucket } from './trace';
import type { Drawn, TripMark } from './traces';

/** Where things are. Pixels. */
export const [WIDTH, LEFT, RIGHT] = [1200, 76, 24];
const [TITLE, HEIGHT, AXIS, LINE, GAP] = [42, 170, 24, 17, 26];
const NAME = 20;
const INNER = WIDTH - LEFT - RIGHT;

/** Trips whose reasons are written out below a panel. */
const REASONS = 6;
const LONGEST_REASON = 182;
/** Trips that are nearer share a mark. */
const MARK_WIDTH = 40;

export interface PanelOptions {
  readonly drawn: Drawn;
  readonly settings: SubjectSettings;
  /** Of the whole recording. Epoch, in milliseconds. */
  readonly span: { readonly from: number; readonly to: number };
}

export interface Panel {
  readonly height: number;
  readonly svg: string;
}

/** One subject: what it spent, what was usual, what would trip, what tripped. */
export function panel({ drawn, settings, span }: PanelOptions): Panel {
  const { trace, trips, tripCount } = drawn;
  // What costs nothing is shown by its tokens.
  const unit: Unit = trace.total.usd > 0 ? 'usd' : 'tokens';
  const buckets = trace.buckets(unit);
  const ceilings = settings.ceilings
    .filter((one) => one.unit === unit && one.windowSeconds === 60)
    .map(({ limit }) => limit);
  const most = Math.max(...buckets.map(({ peak }) => peak));
  const levels = buckets.flatMap(({ usual, trip }) => [usual ?? 0, trip ?? 0]).filter((level) => level < 1e4 * most);
  const scale = amountScale(
    buckets.map(({ peak }) => peak),
    [...levels, ...ceilings],
  );
  const x = (at: number): number => LEFT + ((at - span.from) / Math.max(1, span.to - span.from)) * INNER;
  const y = (value: number): number => TITLE + HEIGHT * (1 - scale.at(value));
  const marks = marksOf(trips, x);
  const reasons = reasonsOf(trips, tripCount);
  const svg = [
    heading(drawn, settings),
    amountAxis(scale, y, unit),
    timeAxis(span, x),
    el('path', { class: 'spent', d: area(buckets, x, y, span) }),
    el('path', { class: 'usual', d: steps(buckets, ({ usual }) => usual, x, y) }),
    el('path', { class: 'level', d: steps(buckets, ({ trip }) => trip, x, y) }),
    ...ceilings.map((limit) =>
      el('line', { class: 'ceiling', x1: LEFT, x2: LEFT + INNER, y1: y(limit), y2: y(limit) }),
    ),
    ...marks,
    ...reasons.map((line, i) =>
      el(
        'text',
        { class: 'reason', 'xml:space': 'preserve', x: LEFT, y: TITLE + HEIGHT + AXIS + (i + 1) * LINE },
        escaped(line),
      ),
    ),
  ].join('');
  return { height: TITLE + HEIGHT + AXIS + reasons.length * LINE + GAP, svg };
}

export const titleOf = (subject: Subject): string => (subject.kind === 'whole' ? 'all together' : nameOf(subject));

function heading({ subject, trace, tripCount }: Drawn, settings: SubjectSettings): string {
  const name = titleOf(subject);
  const { usd, tokens } = trace.total;
  const facts = [
    settings.profile,
    `${money(usd)} and ${tokensShort(tokens)} tokens`,
    tripCount === 0 ? 'no trip' : `${tripCount} trip${tripCount === 1 ? '' : 's'}`,
    ...(settings.dailyBudgetUsd === undefined ? [] : [`budget ${money(settings.dailyBudgetUsd)} a day`]),
    ...settings.ceilings.map(
      ({ unit, limit, windowSeconds }) =>
        `ceiling ${unit === 'usd' ? money(limit) : `${tokensShort(limit)} tokens`} ${inWindow(windowSeconds)}`,
    ),
  ];
  return [
    el('text', { class: 'name', x: LEFT, y: NAME }, escaped(clipped(name, 70))),
    el(
      'text',
      { class: 'facts', x: LEFT + INNER, y: NAME, 'text-anchor': 'end' },
      escaped(clipped(facts.join(', '), 130)),
    ),
  ].join('');
}

const windows: Readonly<Record<number, string>> = { 60: 'a minute', 3600: 'an hour', 86400: 'a day' };
const inWindow = (seconds: number): string => windows[seconds] ?? `in ${seconds} s`;

function amountAxis({ ticks, kind }: Scale, y: (value: number) => number, unit: Unit): string {
  const say = unit === 'usd' ? money : tokensShort;
  const lines = ticks.map((tick) =>
    [
      el('line', { class: 'grid', x1: LEFT, x2: LEFT + INNER, y1: y(tick), y2: y(tick) }),
      el('text', { class: 'tick', x: LEFT - 6, y: y(tick) + 4, 'text-anchor': 'end' }, escaped(say(tick))),
    ].join(''),
  );
  const [middle, left] = [TITLE + HEIGHT / 2, 14];
  const title = el(
    'text',
    { class: 'axis', x: left, y: middle, 'text-anchor': 'middle', transform: `rotate(-90 ${left} ${px(middle)})` },
    `${unit === 'usd' ? 'US dollars' : 'tokens'} a minute${kind === 'log' ? ', log' : ''}`,
  );
  return lines.join('') + title;
}

function timeAxis({ from, to }: PanelOptions['span'], x: (at: number) => number): string {
  return timeTicks(from, to, INNER / 70)
    .map(({ at, label }) =>
      [
        el('line', { class: 'grid', x1: x(at), x2: x(at), y1: TITLE, y2: TITLE + HEIGHT + 4 }),
        el('text', { class: 'tick', x: x(at), y: TITLE + HEIGHT + 17, 'text-anchor': 'middle' }, label),
      ].join(''),
    )
    .join('');
}

type Position = (value: number) => number;

/** Blocks that stand on the axis; a gap where nothing was spent. */
function area(buckets: readonly Bucket[], x: Position, y: Position, span: PanelOptions['span']): string {
  const floor = px(y(0));
  return buckets
    .filter(({ peak }) => peak > 0)
    .map(({ from, to, peak }) => {
      const [left, right] = [x(Math.max(from, span.from)), x(Math.min(to, span.to))];
      return `M${px(left)} ${floor}V${px(y(peak))}H${px(Math.max(right, left + 0.8))}V${floor}Z`;
    })
    .join('');
}

/** A level that holds until it's known otherwise. */
function steps(
  buckets: readonly Bucket[],
  level: (bucket: Bucket) => number | undefined,
  x: Position,
  y: Position,
): string {
  let path = '';
  for (const bucket of buckets) {
    const value = level(bucket);
    if (value === undefined) {
      if (path !== '') path += `H${px(x(bucket.to))}`;
    } else path += `${path === '' ? `M${px(x(bucket.from))} ` : 'V'}${px(y(value))}H${px(x(bucket.to))}`;
  }
  return path;
}

function marksOf(trips: readonly TripMark[], x: Position): readonly string[] {
  const marks: { at: number; first: number; last: number }[] = [];
  for (const [i, trip] of trips.entries()) {
    const at = x(trip.at);
    const before = marks.at(-1);
    if (before && at - before.at < MARK_WIDTH) before.last = i + 1;
    else marks.push({ at, first: i + 1, last: i + 1 });
  }
  return marks.map(({ at, first, last }) =>
    el(
      'g',
      { class: 'trip' },
      el(
        'title',
        {},
        escaped(
          trips
            .slice(first - 1, last)
            .slice(0, REASONS)
            .map(({ reason }) => reason)
            .join('\n'),
        ),
      ),
      el('line', { x1: at, x2: at, y1: TITLE, y2: TITLE + HEIGHT }),
      el('text', { x: at, y: TITLE - 4, 'text-anchor': 'middle' }, first === last ? String(first) : `${first}-${last}`),
    ),
  );
}

function reasonsOf(trips: readonly TripMark[], count: number): readonly string[] {
  const lines = trips
    .slice(0, REASONS)
    .map(({ at, reason }, i) =>
      clipped(`${i + 1}  ${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}  ${reason}`, LONGEST_REASON),
    );
  return count > REASONS ? [...lines, `and ${count - REASONS} more`] : lines;
}
